import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { folderWeights } from '../../../src/deploy/weights/folder.js';
import { verified } from '../../../src/deploy/weights/verified.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-'));
  await writeFile(join(folder, 'model.bin'), 'weights');
  await writeFile(join(folder, 'config.json'), '{}');
});
afterEach(() => rm(folder, { recursive: true }));

const read = (content: AsyncIterable<Uint8Array>): Promise<string> => text(Readable.from(content));

describe('a folder', () => {
  test('only what the container loads counts, and its content makes the revision', async () => {
    const before = await folderWeights(folder);
    expect(before.files.map(({ name, size }) => [name, size])).toEqual([
      ['config.json', 2],
      ['model.bin', 7],
    ]);
    await writeFile(join(folder, 'README.md'), 'about');
    expect((await folderWeights(folder)).revision).toBe(before.revision);
    await writeFile(join(folder, 'model.bin'), 'Weights');
    expect((await folderWeights(folder)).revision).not.toBe(before.revision);
  });

  test('opened, it gives the bytes, and an error when they changed meanwhile', async () => {
    const weights = await folderWeights(folder);
    const file = weights.files[1] as (typeof weights.files)[1];
    expect(await read(weights.open(file))).toBe('weights');
    await writeFile(join(folder, 'model.bin'), 'WEIGHTS');
    await expect(read(weights.open(file))).rejects.toThrow(/model.bin is not what it was announced/);
  });

  test('absent, or not in CTranslate2 format: the error says what to do', async () => {
    await expect(folderWeights(join(folder, 'nowhere'))).rejects.toThrow(/nowhere cannot be read \(ENOENT\)/);
    await rm(join(folder, 'model.bin'));
    await expect(folderWeights(folder)).rejects.toMatchObject({
      message: expect.stringContaining('no model.bin'),
      remedy: expect.stringContaining('ct2-transformers-converter'),
    });
  });
});

test('a Git LFS pointer in the place of the weights is not deployed', async () => {
  await writeFile(join(folder, 'model.bin'), 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n');
  await expect(folderWeights(folder)).rejects.toMatchObject({
    message: expect.stringContaining('model.bin is a Git LFS pointer'),
    remedy: expect.stringContaining('lfs: true'),
  });
});

describe('content is checked while it flows', () => {
  const bytes = Buffer.from('some bytes');
  const id = createHash('sha256').update(bytes).digest('hex');
  const flow = async function* () {
    yield bytes.subarray(0, 4);
    yield bytes.subarray(4);
  };

  test('as announced', async () => {
    expect(await read(verified(flow(), { name: 'f', size: 10, id }))).toBe('some bytes');
    expect(await read(verified(flow(), { name: 'f', size: 10, id: 'a git object id' }))).toBe('some bytes');
  });

  test('too short, too long, other bytes', async () => {
    await expect(read(verified(flow(), { name: 'f', size: 11, id }))).rejects.toThrow(/11 bytes were announced, 10/);
    await expect(read(verified(flow(), { name: 'f', size: 9, id }))).rejects.toThrow(/9 bytes were announced, 10/);
    const other = createHash('sha256').update('other').digest('hex');
    await expect(read(verified(flow(), { name: 'f', size: 10, id: other }))).rejects.toThrow(/SHA-256/);
  });
});
