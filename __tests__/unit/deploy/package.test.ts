import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { extract } from 'tar-stream';
import { SOURCE_TAG } from '../../../src/deploy/desired.js';
import { archived, tarGz } from '../../../src/deploy/weights/archive.js';
import type { Weights } from '../../../src/deploy/weights/model-files.js';
import { desired, materials } from '../../helpers/desired.ts';

let container: string;
let changed: string;
beforeAll(async () => {
  container = join(import.meta.dirname, '../../../container');
  changed = await mkdtemp(join(tmpdir(), 'container-'));
  await cp(container, changed, { recursive: true });
  await writeFile(join(changed, 'inference.py'), 'changed = True\n');
});
afterAll(() => rm(changed, { recursive: true }));

const model = async function* () {
  yield Buffer.from('{}');
};
const weights: Weights = {
  ...materials.weights,
  files: [{ name: 'config.json', size: 2, id: 'c1' }],
  open: model,
};

describe('one archive', () => {
  test('holds the weights, the code that inference.py imports and nothing else, the same bytes each time', async () => {
    const packed = await archived(weights, container);
    const [file] = packed.files;
    if (!file) throw new Error('no file');
    const content = await buffer(packed.open(file));
    expect((await buffer(packed.open(file))).equals(content)).toBe(true);
    const tar = extract();
    tar.end(gunzipSync(content));
    const entries: { name: string; mtime: number | undefined }[] = [];
    for await (const entry of tar) {
      entries.push({ name: entry.header.name, mtime: entry.header.mtime?.getTime() });
      entry.resume();
    }
    const names = entries.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(['config.json', 'code/TRANSCRIBER', 'code/inference.py']);
    expect(names.slice(3).every((name) => /^code\/pipeline\/\w+\.py$/.test(name))).toBe(true);
    expect(names).toContain('code/pipeline/transcribe.py');
    expect(new Set(entries.map(({ mtime }) => mtime))).toEqual(new Set([0]));
  });

  test('is another when the code is another, while the model stays what it is', async () => {
    const [first, again, other] = await Promise.all([
      archived(weights, container),
      archived(weights, container),
      archived(weights, changed),
    ]);
    expect(again.key).toBe(first.key);
    expect(other.key).not.toBe(first.key);
    expect(first.key).not.toBe(weights.key);
    expect([first.revision, other.revision]).toEqual([weights.revision, weights.revision]);
  });

  test('a file that is not as long as it was said to be is an error, not an archive', async () => {
    await expect(buffer(tarGz([{ name: 'config.json', size: 3, open: model }]))).rejects.toThrow(/size/i);
  });
});

describe('what SageMaker is told', () => {
  const folder = 's3://whisper-sagemaker-123456789012-us-east-1/whisper/models';
  const source = (found: Weights) =>
    desired({}, { weights: found }).model?.PrimaryContainer?.ModelDataSource?.S3DataSource;

  test('a prefix of files, or the archive in it', async () => {
    expect(source(weights)).toEqual({
      S3Uri: `${folder}/${weights.key}/`,
      S3DataType: 'S3Prefix',
      CompressionType: 'None',
    });
    const packed = await archived(weights, container);
    expect(source(packed)).toEqual({
      S3Uri: `${folder}/${packed.key}/model.tar.gz`,
      S3DataType: 'S3Object',
      CompressionType: 'Gzip',
    });
  });

  test('the commit that the weights are from, in a tag: another commit of the same weights is the same model', () => {
    const at = (commit: string) => desired({}, { weights: { ...weights, source: `someone/ct2@${commit}` } }).model;
    expect(at('a'.repeat(40))?.Tags).toContainEqual({ Key: SOURCE_TAG, Value: `someone/ct2@${'a'.repeat(40)}` });
    expect(at('a'.repeat(40))?.ModelName).toBe(at('b'.repeat(40))?.ModelName);
  });
});
