import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { folderWeights } from '../../../src/deploy/weights/folder.js';
import { requireModel } from '../../../src/deploy/weights/model-files.js';
import { verified } from '../../../src/deploy/weights/verified.js';
import type { UserError } from '../../../src/errors.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-'));
  await writeFile(join(folder, 'model.bin'), 'weights');
  for (const name of ['config.json', 'tokenizer.json', 'vocabulary.txt']) await writeFile(join(folder, name), '{}');
});
afterEach(() => rm(folder, { recursive: true }));

const read = (content: AsyncIterable<Uint8Array>): Promise<string> => text(Readable.from(content));

describe('a folder', () => {
  test('only what the container loads counts, and its content makes the revision', async () => {
    const before = await folderWeights(folder);
    expect(before.files.map(({ name, size }) => [name, size])).toEqual([
      ['config.json', 2],
      ['model.bin', 7],
      ['tokenizer.json', 2],
      ['vocabulary.txt', 2],
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

  test('absent, or not all there: the error says what to do', async () => {
    await expect(folderWeights(join(folder, 'nowhere'))).rejects.toThrow(/nowhere cannot be read \(ENOENT\)/);
    await rm(join(folder, 'tokenizer.json'));
    await expect(folderWeights(folder)).rejects.toMatchObject({
      message: expect.stringContaining('a model.bin, but no tokenizer.json beside it'),
      remedy: expect.stringContaining('--copy_files'),
    });
  });
});

describe('a model in another format is refused', () => {
  const refusal = (names: string[], repository?: string): UserError => {
    try {
      requireModel(names, 'The repository', repository);
    } catch (error) {
      return error as UserError;
    }
    throw new Error('not refused');
  };

  test('with the command that converts it', () => {
    const { message, remedy } = refusal(['config.json', 'model-00001-of-00002.safetensors'], 'someone/whisper-ja');
    expect(message).toBe(
      'The repository has no model.bin: it is not a model in CTranslate2 format (but Transformers).',
    );
    expect(remedy).toContain(
      '`ct2-transformers-converter --model someone/whisper-ja --output_dir weights --copy_files tokenizer.json preprocessor_config.json --quantization float16`',
    );
  });

  test("or, for one of OpenAI's own, with the name of the converted one", () => {
    expect(refusal(['pytorch_model.bin'], 'openai/whisper-large-v3').remedy).toMatch(/^Set `model: large-v3`/);
  });

  test('whatever it is', () => {
    expect(refusal(['ggml-large-v3.bin']).message).toContain('but whisper.cpp');
    expect(refusal(['large-v3.pt']).message).toContain('but PyTorch');
    expect(refusal(['README.md']).message).toMatch(/CTranslate2 format\.$/);
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

  test('as git names it, where the hub has no SHA-256', async () => {
    // `printf 'some bytes' | git hash-object --stdin`
    const oid = '9d9b78c856dff3427514c9f1f0ceb2eeff00b395';
    expect(await read(verified(flow(), { name: 'f', size: 10, id: oid }))).toBe('some bytes');
    const other = `0${oid.slice(1)}`;
    await expect(read(verified(flow(), { name: 'f', size: 10, id: other }))).rejects.toThrow(/its git object id is/);
  });

  test('too short, too long, other bytes', async () => {
    await expect(read(verified(flow(), { name: 'f', size: 11, id }))).rejects.toThrow(/11 bytes were announced, 10/);
    await expect(read(verified(flow(), { name: 'f', size: 9, id }))).rejects.toThrow(/9 bytes were announced, 10/);
    const other = createHash('sha256').update('other').digest('hex');
    await expect(read(verified(flow(), { name: 'f', size: 10, id: other }))).rejects.toThrow(/SHA-256/);
  });
});
