import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { within } from '../../../src/feeds/deadline.js';
import { readFeed } from '../../../src/feeds/feed.js';
import { openHttp } from '../../../src/feeds/http.js';
import { load } from '../../../src/feeds/load.js';
import {
  type Answer,
  cut,
  drip,
  type FeedServer,
  redirect,
  startFeedServer,
  status,
  whole,
} from '../../helpers/feed-server.js';

let server: FeedServer;

beforeAll(async () => {
  server = await startFeedServer();
});

afterAll(() => server?.stop());

const http = openHttp({ allowPrivate: true, clock: { now: () => Date.now(), sleep: async () => undefined } });
const signal = new AbortController().signal;

const read = (...answers: Answer[]) => readFeed(http, server.on('/feed?token=secret', ...answers), signal);

const feed = (title: string, declaration = '') =>
  `${declaration}<rss version="2.0"><channel><title>${title}</title><item><enclosure url="a.mp3" type="audio/mpeg"/></item></channel></rss>`;

const CAFE = 'Café';

describe('a feed comes', () => {
  test.each<[string, Answer]>([
    ['as it is', whole(feed(CAFE))],
    ['gzipped', whole(gzipSync(feed(CAFE)), { 'content-encoding': 'gzip' })],
    ['deflated', whole(deflateSync(feed(CAFE)), { 'content-encoding': 'deflate' })],
    ['in brotli', whole(brotliCompressSync(feed(CAFE)), { 'content-encoding': 'br' })],
    ['with a byte order mark', whole(`\ufeff${feed(CAFE)}`)],
    [
      'in ISO-8859-1, by itself',
      whole(Buffer.from(feed(CAFE, '<?xml version="1.0" encoding="ISO-8859-1"?>'), 'latin1')),
    ],
    [
      'in ISO-8859-1, by its server',
      whole(Buffer.from(feed(CAFE), 'latin1'), { 'content-type': 'text/xml; charset="iso-8859-1"' }),
    ],
    [
      'in UTF-8, whatever its server says',
      whole(feed(CAFE, "<?xml version='1.0' encoding='utf-8'?>"), { 'content-type': 'text/xml; charset=ISO-8859-1' }),
    ],
    ['in UTF-16', whole(Buffer.from(`\ufeff${feed(CAFE, '<?xml version="1.0" encoding="UTF-16"?>')}`, 'utf16le'))],
    ['in UTF-16 without a mark', whole(Buffer.from(feed(CAFE, '<?xml version="1.0"?>'), 'utf16le'))],
    ['in UTF-8, although it says UTF-16', whole(feed(CAFE, '<?xml version="1.0" encoding="UTF-16"?>'))],
    ['in an encoding that nobody knows', whole(feed(CAFE, '<?xml version="1.0" encoding="x-none"?>'))],
  ])('%s', async (_, answer) => {
    const { title, xml } = await read(answer);
    expect(title).toBe(CAFE);
    expect(xml).toContain(CAFE);
    expect(xml).not.toContain('\ufeff');
  });

  test('in Shift_JIS', async () => {
    const title = Buffer.from([0x94, 0x4c]);
    const [start = '', end = ''] = feed('|', '<?xml version="1.0" encoding="Shift_JIS"?>').split('|');
    expect((await read(whole(Buffer.concat([Buffer.from(start), title, Buffer.from(end)])))).title).toBe('猫');
  });

  test('from elsewhere: it is the one that was asked for, its addresses start where it is', async () => {
    server.on('/moved/to/feed.xml', whole(feed('A')));
    const { url, episodes } = await read(redirect('/moved/to/feed.xml'));
    expect(url).toBe(`${server.url}/feed?token=secret`);
    expect(episodes[0]?.enclosure.url).toBe(`${server.url}/moved/to/a.mp3`);
  });

  test('after a connection that broke', async () => {
    expect((await read(cut(Buffer.from(feed('A')), 20), whole(feed('A')))).title).toBe('A');
  });
});

describe('no feed comes: it is said with its address, without secrets, and what came instead', () => {
  const at = () => `${server.url}/feed?...`;

  test.each([
    [404, '<!doctype html>', '404 and a web page (HTML)', 'may have moved'],
    [401, '{"error": "no token"}', '401 and JSON', 'needs its token'],
    [503, 'Later', '503 and text of another kind', 'Try again later'],
  ])('status %i', async (code, body, said, remedy) => {
    await expect(read(status(code, {}, body))).rejects.toMatchObject({
      message: `${at()} answered with status ${said}, not with a feed.`,
      remedy: expect.stringContaining(remedy),
    });
  });

  test('a page', async () => {
    await expect(read(whole('<!doctype html><title>Log in</title>'))).rejects.toThrow(
      `${at()} is not a feed, but a web page (HTML).`,
    );
  });

  test('a connection that always breaks', async () => {
    await expect(read(cut(Buffer.from(feed('A')), 20))).rejects.toThrow(`${at()} broke off: aborted`);
  });

  test('something compressed as nobody asked', async () => {
    await expect(read(whole('?', { 'content-encoding': 'zstd' }))).rejects.toThrow('is compressed as zstd');
  });

  test('something that says it is compressed and is not', async () => {
    await expect(read(whole('plain', { 'content-encoding': 'gzip' }))).rejects.toThrow(
      'broke off: incorrect header check',
    );
  });
});

describe('limits', () => {
  test('of what a few kilobytes unfold to', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    expect(bomb.length).toBeLessThan(50_000);
    const url = server.on('/bomb', whole(bomb, { 'content-encoding': 'gzip' }));
    await expect(load(http, url, 1_000_000, signal)).rejects.toThrow(`${url} is larger than 1 MB.`);
  });

  test('of what comes without end', async () => {
    const endless: Answer = (_, response) => {
      const more = () =>
        void (response.write(Buffer.alloc(100_000)) ? setImmediate(more) : response.once('drain', more));
      more();
    };
    await expect(load(http, server.on('/endless', endless), 1_000_000, signal)).rejects.toThrow('larger than 1 MB');
  });

  test('of time, however often a byte comes', async () => {
    const late = () => new Error('too late');
    const slow = within(100, signal, late, (soon) => load(http, server.on('/slow', drip(5)), 1_000_000, soon));
    await expect(slow).rejects.toThrow('too late');
  });
});
