import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type LocalPart, startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import type { Context } from '../../src/context.js';
import { hubWeights } from '../../src/deploy/weights/hub.js';

const MINUTES = 60_000;
const content = randomBytes(2_000_000);
let folder: string;
let hub: LocalPart;
let gated: LocalPart;
let pauses: number[];
let lines: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-'));
  await writeFile(join(folder, 'model.bin'), content);
  for (const name of ['config.json', 'tokenizer.json', 'vocabulary.txt', 'README.md', 'pytorch_model.bin']) {
    await writeFile(join(folder, name), `{"file": "${name}"}`);
  }
  const python = await virtualEnvironment();
  // Small pages and Xet, as the real hub has them for other repositories than this one.
  hub = await startLocalPart(python, 'hub', ['--repo', `someone/ct2=${folder}`, '--page-size', '2', '--xet']);
  gated = await startLocalPart(python, 'hub', ['--repo', `someone/ct2=${folder}`, '--gated', 'hf_right']);
}, 10 * MINUTES);

afterAll(async () => {
  await hub?.stop();
  await gated?.stop();
  await rm(folder, { recursive: true, force: true });
}, MINUTES);

beforeEach(async () => {
  pauses = [];
  lines = [];
  await fetch(`${hub.lines[0]}/_local/faults`, { method: 'DELETE' });
});

const context = (signal = new AbortController().signal): Context => ({
  clients: undefined as never,
  account: '123456789012',
  clock: {
    now: () => Date.now(),
    sleep: async (milliseconds) => void pauses.push(milliseconds),
  },
  log: { info: (line: string) => void lines.push(line), mask: () => undefined } as never,
  signal,
});

const weights = (overrides = {}, signal?: AbortSignal) =>
  hubWeights(context(signal), {
    name: 'someone/ct2',
    revision: 'main',
    url: hub.lines[0] ?? '',
    token: undefined,
    ...overrides,
  });

async function load(found: Awaited<ReturnType<typeof weights>>): Promise<Buffer> {
  const file = found.files.find(({ name }) => name === 'model.bin');
  return buffer(Readable.from(found.open(file as NonNullable<typeof file>)));
}

const fault = (description: object) =>
  fetch(`${hub.lines[0]}/_local/faults`, { method: 'POST', body: JSON.stringify(description) });

describe('a model on the hub', () => {
  test('only the files that the container needs, each with its size and hash', async () => {
    const found = await weights();
    expect(found.files.map(({ name }) => name)).toEqual([
      'config.json',
      'model.bin',
      'tokenizer.json',
      'vocabulary.txt',
    ]);
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(found.files[1]).toEqual({ name: 'model.bin', size: content.length, id: sha256 });
    expect(found.revision).toMatch(/^[0-9a-f]{12}$/);
    expect((await weights()).revision).toBe(found.revision);
  });

  test('small and large files come whole, the large ones from another host', async () => {
    const found = await weights();
    expect((await load(found)).equals(content)).toBe(true);
    const config = found.files[0] as (typeof found.files)[0];
    expect((await buffer(Readable.from(found.open(config)))).toString()).toBe('{"file": "config.json"}');
  });

  test('with the token, which the other host never sees', async () => {
    const at = { url: gated.lines[0], token: 'hf_right' };
    expect((await load(await weights(at))).equals(content)).toBe(true);
    const requests = (await (await fetch(`${gated.lines[0]}/_local/requests`)).json()) as {
      where: string;
      Authorization: string | null;
    }[];
    const sent = (where: string) =>
      new Set(requests.filter((request) => request.where === where).map((r) => r.Authorization));
    expect(sent('hub')).toEqual(new Set(['Bearer hf_right']));
    expect(sent('files')).toEqual(new Set([null]));
  });
});

describe('what passes is tried again', () => {
  test('429 with a wait, and a failure of the server', async () => {
    await fault({ kind: 'status', status: 429, retry_after: 7, times: 1 });
    await fault({ kind: 'status', status: 503, times: 1 });
    expect((await load(await weights())).equals(content)).toBe(true);
    expect(pauses).toEqual([7000, 2000]);
  });

  test('a connection that breaks again and again goes on where it broke', async () => {
    await fault({ kind: 'cut', path: 'model.bin', after_bytes: 300_000, times: 6, where: 'files' });
    expect((await load(await weights())).equals(content)).toBe(true);
    expect(lines.filter((line) => line.includes('the connection broke after')).length).toBeGreaterThanOrEqual(6);
  });

  test('but not for ever', async () => {
    await fault({ kind: 'status', status: 503, times: 1000 });
    await expect(weights()).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('hub failed'),
    });
    expect(pauses).toEqual([1000, 2000, 4000, 8000]);
  });
});

describe('what does not is an error that says what to do', () => {
  test('other bytes than announced', async () => {
    await fault({ kind: 'wrong-bytes', path: 'model.bin', where: 'files', times: 100 });
    await expect(load(await weights())).rejects.toThrow(/model.bin is not what it was announced to be: SHA-256/);
  });

  test.each([
    ['a model that is not there', { name: 'someone/else' }, /does not give access to|has no/, /name|model/],
    ['a revision that is not there', { revision: 'v9' }, /has no.*v9/, /model-revision/],
    ['a name that is none', { name: 'large-v9' }, /"large-v9" is not a model/, /large-v3-turbo/],
    ['a hub that is not there', { url: 'http://127.0.0.1:9' }, /could not be reached/, /hub-url/],
  ])('%s', async (_case, overrides, message, remedy) => {
    await expect(weights(overrides)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
  });

  test.each([undefined, 'hf_wrong'])('a gated model with the token %s', async (token) => {
    const found = await weights({ url: gated.lines[0], token });
    await expect(load(found)).rejects.toMatchObject({ remedy: expect.stringContaining('hub-token') });
  });

  test('a run that is stopped stops loading', async () => {
    const abort = new AbortController();
    const found = await weights({}, abort.signal);
    abort.abort(new Error('cancelled'));
    await expect(load(found)).rejects.toThrow('cancelled');
    expect(pauses).toEqual([]);
  });
});
