import type { LookupFunction } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type HttpOptions, openHttp } from '../../../src/feeds/http.js';
import { drip, type FeedServer, redirect, startFeedServer, status, whole } from '../../helpers/feed-server.js';

let server: FeedServer;
let pauses: number[];

beforeAll(async () => {
  server = await startFeedServer();
});

afterAll(() => server?.stop());

beforeEach(() => {
  pauses = [];
  server.asked();
});

const NOW = Date.parse('2026-11-23T10:00:00Z');
const clock = { now: () => NOW, sleep: async (milliseconds: number) => void pauses.push(milliseconds) };

async function get(url: string, options: Partial<HttpOptions> = {}, signal = new AbortController().signal) {
  const { body, ...answer } = await openHttp({ allowPrivate: true, clock, ...options }).get(url, { signal });
  return { ...answer, text: await text(body) };
}

/** As though 127.0.0.1 were an address of the internet: the others of this machine stay private. */
const outside: Partial<HttpOptions> = { allowPrivate: false, judge: (address) => address === '127.0.0.1' };

const resolving =
  (...addresses: string[]): LookupFunction =>
  (_, __, callback) =>
    callback(null, [{ address: addresses.length > 1 ? (addresses.shift() ?? '') : (addresses[0] ?? ''), family: 4 }]);

describe('what is asked', () => {
  test('says who asks, and nothing more', async () => {
    expect(await get(server.on('/', whole('hello')))).toMatchObject({ status: 200, text: 'hello' });
    const headers = server.asked()[0]?.headers ?? {};
    expect(headers['user-agent']).toMatch(/^whisper-sagemaker\/\d+\.\d+\.\d+\S* \(\+https:\/\/github\.com\/\S+\)$/);
    expect(Object.keys(headers).sort()).toEqual(['accept', 'connection', 'host', 'user-agent']);
  });

  test('credentials go to the origin of the address alone', async () => {
    const other = await startFeedServer();
    server.on('/private', redirect('/moved'));
    server.on('/moved', redirect(other.on('/elsewhere', whole('there'))));
    const answer = await get(`http://me:p%40ss@127.0.0.1:${server.port}/private`);
    const asked = [...server.asked(), ...other.asked()].map(({ headers }) => headers.authorization);
    await other.stop();
    expect(answer.url).toBe(`${other.url}/elsewhere`);
    const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(asked).toEqual([basic, basic, undefined]);
  });

  test('a failure is the answer where asking again is of no use', async () => {
    expect(await get(server.on('/', status(403, {}, 'no')))).toMatchObject({ status: 403, text: 'no' });
    expect(server.asked()).toHaveLength(1);
  });
});

describe('what passes is tried again', () => {
  test.each<[string, Record<string, string>, number]>([
    ['in its own time', {}, 1000],
    ['after so many seconds', { 'retry-after': '7' }, 7000],
    ['at a time', { 'retry-after': 'Mon, 23 Nov 2026 10:00:20 GMT' }, 20_000],
    ['but not in an hour', { 'retry-after': '3600' }, 60_000],
  ])('%s', async (_, headers, pause) => {
    expect(await get(server.on('/', status(429, headers), whole('now')))).toMatchObject({ status: 200, text: 'now' });
    expect(pauses).toEqual([pause]);
  });

  test('a connection that breaks before it answers', async () => {
    expect(await get(server.on('/', (_, response) => void response.destroy(), whole('now')))).toMatchObject({
      text: 'now',
    });
  });

  test('five times', async () => {
    expect(await get(server.on('/', status(503)))).toMatchObject({ status: 503 });
    expect(pauses).toEqual([1000, 2000, 4000, 8000]);
  });

  test('a name that does not exist is not', async () => {
    const lookup: LookupFunction = (name, _, callback) =>
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []);
    await expect(get('http://pod.example/feed?token=secret', { lookup })).rejects.toMatchObject({
      message: 'http://pod.example/feed?... could not be reached: getaddrinfo ENOTFOUND pod.example',
    });
    expect(pauses).toEqual([]);
  });

  test('what speaks no TLS is not, and not asked without it', async () => {
    const url = server.on('/', whole('secret')).replace('http:', 'https:');
    await expect(get(url)).rejects.toThrow(/^https:.* could not be reached: .*wrong version number/);
    expect(pauses).toEqual([]);
  });

  test('nobody there, nor an answer in time: said at the end', async () => {
    const gone = await startFeedServer();
    await gone.stop();
    await expect(get(gone.url)).rejects.toThrow('could not be reached: connect ECONNREFUSED');
    await expect(
      get(
        server.on('/', () => undefined),
        { idle: 20 },
      ),
    ).rejects.toThrow('nothing came for 0.02 s');
    expect(pauses).toHaveLength(8);
  });
});

describe('redirects', () => {
  test('of every kind, to relative addresses and such with characters that should not be there', async () => {
    server.on('/1', redirect('2', 301));
    server.on('/2', redirect('/3', 303));
    server.on('/3', redirect('?four', 307));
    server.on('/3?four', redirect(Buffer.from('/第五回').toString('latin1'), 308));
    const last = '/%E7%AC%AC%E4%BA%94%E5%9B%9E';
    server.on(last, whole('the end'));
    expect(await get(`${server.url}/1`)).toMatchObject({ text: 'the end', url: `${server.url}${last}` });
  });

  test('that have no end', async () => {
    await expect(get(server.on('/loop', redirect('/loop')))).rejects.toThrow('/loop redirects more than 10 times');
    expect(server.asked()).toHaveLength(11);
  });

  test.each([
    ['file:///etc/passwd', 'file:///etc/passwd is no address of the web'],
    ['http://', '"http://", which'],
  ])('to %s', async (to, message) => {
    await expect(get(server.on('/', redirect(to)))).rejects.toThrow(message);
  });
});

describe('what is private', () => {
  test('is not asked, unless that is allowed', async () => {
    const url = server.on('/', whole('secret'));
    await expect(get(url, { allowPrivate: false })).rejects.toThrow('127.0.0.1 is not a public address');
    await expect(get(url.replace('127.0.0.1', 'localhost'), { allowPrivate: false })).rejects.toThrow(
      /localhost stands for (127\.0\.0\.1|::1), which is not a public address/,
    );
    expect(server.asked()).toEqual([]);
    expect(pauses).toEqual([]);
  });

  test('nor by a redirect', async () => {
    const url = server.on('/', redirect(`http://127.0.0.2:${server.port}/secret`));
    await expect(get(url, outside)).rejects.toThrow('127.0.0.2 is not a public address');
    expect(server.asked().map(({ path }) => path)).toEqual(['/']);
  });

  test('nor by a name, which is judged where the socket connects', async () => {
    server.on('/', redirect('/again'));
    server.on('/again', whole('secret'));
    const url = `http://pod.example:${server.port}/`;
    expect(await get(url, { ...outside, lookup: resolving('127.0.0.1') })).toMatchObject({ text: 'secret' });
    expect(server.asked()).toHaveLength(2);
    const rebound = get(url, { ...outside, lookup: resolving('127.0.0.1', '127.0.0.2') });
    await expect(rebound).rejects.toThrow('pod.example stands for 127.0.0.2, which is not a public address');
    expect(server.asked()).toHaveLength(1);
  });
});

test('a body that comes too slowly ends with the run', async () => {
  const run = new AbortController();
  const answer = get(server.on('/', drip(5)), {}, run.signal);
  setTimeout(() => run.abort(new Error('stopped')), 50);
  await expect(answer).rejects.toThrow();
});
