import { createHash, randomBytes } from 'node:crypto';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { download } from '../../../src/feeds/download.js';
import { openHttp } from '../../../src/feeds/http.js';
import {
  type Answer,
  chunked,
  cut,
  drip,
  type FeedServer,
  ranged,
  redirect,
  silence,
  startFeedServer,
  status,
  whole,
} from '../../helpers/feed-server.js';

const content = randomBytes(300_000);
const other = randomBytes(300_000);
const ETAG = { etag: '"v1"' };

let server: FeedServer;
let folder: string;
let file: string;
let pauses: number[];

beforeAll(async () => {
  server = await startFeedServer();
  folder = await mkdtemp(join(tmpdir(), 'download-'));
  file = join(folder, 'episode');
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  pauses = [];
  server.asked();
});

const clock = { now: () => Date.now(), sleep: async (milliseconds: number) => void pauses.push(milliseconds) };

function get(answers: Answer[], { mostBytes = 1_000_000, signal = new AbortController().signal, idle = 10_000 } = {}) {
  const url = server.on('/episode.mp3', ...answers);
  return download(openHttp({ allowPrivate: true, clock, idle }), url, file, { mostBytes, signal });
}

async function expectLanded(result: Awaited<ReturnType<typeof get>>, expected: Buffer): Promise<void> {
  expect((await readFile(file)).equals(expected)).toBe(true);
  expect(result).toMatchObject({ bytes: expected.length, sha256: createHash('sha256').update(expected).digest('hex') });
}

const partial =
  (headers: Record<string, string>): Answer =>
  (_, response) =>
    void response.writeHead(206, headers).end(content.subarray(10_000));

const ranges = () => server.asked().map(({ headers }) => headers.range);

describe('a file that comes', () => {
  test('whole: its bytes, its hash, its type and where it was in the end', async () => {
    server.on('/end.mp3', whole(content, { 'content-type': 'audio/mpeg' }));
    const result = await get([redirect('/end.mp3')]);
    await expectLanded(result, content);
    expect(result).toMatchObject({ contentType: 'audio/mpeg', url: `${server.url}/end.mp3` });
    expect(server.asked()[1]?.headers['accept-encoding']).toBe('identity');
  });

  test('without a length', async () => expectLanded(await get([chunked(content)]), content));

  test('in place of a longer one that was there', async () => {
    await get([whole(content)]);
    await expectLanded(await get([whole('short')]), Buffer.from('short'));
  });
});

describe('a connection that breaks', () => {
  test('is taken up again where it broke, as often as it gets further', async () => {
    const steps = [30_000, 60_000, 90_000, 120_000, 150_000, 180_000, 210_000];
    const answers = [cut(content, 10_000, ETAG), ...steps.map((until) => ranged(content, ETAG, until))];
    await expectLanded(await get([...answers, ranged(content, ETAG)]), content);
    const asked = server.asked().map(({ headers }) => headers);
    expect(asked).toHaveLength(9);
    expect(asked[1]).toMatchObject({ range: 'bytes=10000-', 'if-range': '"v1"' });
    expect(asked[8]).toMatchObject({ range: 'bytes=210000-', 'if-range': '"v1"' });
  });

  test('is taken up by the time of the last change, where the ETag is weak', async () => {
    const headers = { etag: 'W/"v1"', 'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT' };
    await expectLanded(await get([cut(content, 10_000, headers), ranged(content, headers)]), content);
    expect(server.asked()[1]?.headers['if-range']).toBe('Mon, 23 Nov 2026 10:00:00 GMT');
  });

  test('starts anew where nothing tells whether it is the same file', async () => {
    await expectLanded(await get([cut(content, 10_000), whole('short')]), Buffer.from('short'));
    expect(ranges()).toEqual([undefined, undefined]);
  });

  test.each<[string, Answer[]]>([
    ['a server that knows no ranges', [whole(other, ETAG)]],
    ['a file that changed meanwhile', [ranged(other, { etag: '"v2"' })]],
    ['a file that is shorter now', [status(416), whole(other)]],
    [
      'a part of a file of another size',
      [partial({ 'content-range': 'bytes 10000-299998/299999', ...ETAG }), whole(other)],
    ],
    ['a part that starts elsewhere', [partial({ 'content-range': 'bytes 0-299999/300000', ...ETAG }), whole(other)]],
    [
      'a part of another version',
      [partial({ 'content-range': 'bytes 10000-299999/300000', etag: '"v2"' }), whole(other)],
    ],
  ])('starts anew: %s', async (_, answers) => {
    await expectLanded(await get([cut(content, 10_000, ETAG), ...answers]), other);
  });

  test('a part of what was missing is not taken for all of it', async () => {
    const piece: Answer = (_, response) =>
      void response
        .writeHead(206, { 'content-range': 'bytes 10000-19999/300000', ...ETAG })
        .end(content.subarray(10_000, 20_000));
    await expectLanded(await get([cut(content, 10_000, ETAG), piece, ranged(content, ETAG)]), content);
    expect(ranges()).toEqual([undefined, 'bytes=10000-', 'bytes=20000-']);
  });

  test('has an end where it gets no further, and leaves nothing behind', async () => {
    await expect(get([cut(content, 10_000)])).rejects.toThrow(
      /episode\.mp3 broke off 5 times, .* than 10000 bytes: aborted/,
    );
    await expect(access(file)).rejects.toThrow();
    expect(pauses).toEqual([1000, 2000, 4000, 8000]);
  });

  test('so it has where the server falls silent', async () => {
    await expect(get([silence], { idle: 50 })).rejects.toThrow('nothing came for 0.05 s');
  });
});

describe('a file that is too large', () => {
  test('by its length: refused before it comes', async () => {
    const answer: Answer = (_, response) =>
      void response.writeHead(200, { 'content-length': '9000000' }).flushHeaders();
    await expect(get([answer])).rejects.toThrow('episode.mp3 has more than 1 MB');
    expect(server.asked()).toHaveLength(1);
  });

  test('without a length: as soon as it is', async () => {
    await expect(get([chunked(content)], { mostBytes: 200_000 })).rejects.toThrow('has more than 0.2 MB');
    await expect(access(file)).rejects.toThrow();
  });

  test('but not one that has just so many bytes', async () => {
    await expectLanded(await get([whole(content)], { mostBytes: content.length }), content);
  });
});

describe('what is no file', () => {
  test.each([
    [404, 'answered with status 404', 1],
    [403, 'answered with status 403', 1],
    [503, 'answered with status 503', 5],
  ])('status %i', async (code, message, requests) => {
    await expect(get([status(code)])).rejects.toThrow(message);
    expect(server.asked()).toHaveLength(requests);
  });

  test('compressed although it must not be', async () => {
    await expect(get([whole(content, { 'content-encoding': 'gzip' })])).rejects.toThrow(
      'sends its file compressed (gzip)',
    );
  });
});

test('the run is stopped in the middle', async () => {
  const run = new AbortController();
  const result = get([drip(5)], { signal: run.signal });
  setTimeout(() => run.abort(new Error('stopped')), 50);
  await expect(result).rejects.toThrow('stopped');
  await expect(access(file)).rejects.toThrow();
});
