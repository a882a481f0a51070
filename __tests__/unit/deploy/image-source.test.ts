import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type BuiltImage, buildInputs, imageSource, parseImageUri } from '../../../src/deploy/image-source.js';
import { shipped } from '../../../src/shipped.js';
import { deploySettings } from '../../helpers/deploy-settings.ts';

describe('the tag is the content of what the image is made of', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'container-'));
    await cp(shipped('container'), folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const tag = async (overrides = {}) => ((await imageSource(deploySettings(overrides), folder)) as BuiltImage).tag;

  test('the same files make the same tag, in another place too', async () => {
    expect(await tag()).toMatch(/^[0-9a-f]{16}$/);
    expect(await imageSource(deploySettings(), shipped('container'))).toMatchObject({ tag: await tag() });
  });

  test('content, a new file, and what can be executed make another', async () => {
    const tags = [await tag()];
    await writeFile(join(folder, 'server.py'), 'pass');
    tags.push(await tag());
    await writeFile(join(folder, 'pipeline', 'another_stage.py'), 'pass');
    tags.push(await tag());
    await chmod(join(folder, 'server.py'), 0o755);
    tags.push(await tag());
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch');
    tags.push(await tag());
    expect(new Set(tags).size).toBe(tags.length);
  });

  test('the umask of a checkout and what the builder never sees do not', async () => {
    await chmod(join(folder, 'server.py'), 0o644);
    const before = await tag();
    await chmod(join(folder, 'server.py'), 0o664);
    await writeFile(join(folder, 'notes.txt'), 'not in the image');
    await writeFile(join(folder, 'pipeline', 'cached.pyc'), 'not in the image');
    expect(await tag()).toBe(before);
  });

  test('base image and flavour are part of it', async () => {
    const tags = [
      await tag(),
      await tag({ baseImage: 'python:3.13' }),
      await tag({ instanceTypes: ['ml.c7i.xlarge'] }),
    ];
    expect(new Set(tags).size).toBe(3);
    expect(await tag({ instanceTypes: ['ml.g5.xlarge'] })).toBe(tags[0]);
  });

  test('a .dockerignore that the hash could not follow is an error', async () => {
    await writeFile(join(folder, '.dockerignore'), '*.pyc\n');
    await expect(buildInputs(folder)).rejects.toThrow(/must be "\*", then lines that begin with "!"/);
  });
});

describe('an image that is given', () => {
  const registry = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

  test('by tag', () => {
    expect(parseImageUri(`${registry}/team/whisper:v1`, 'us-east-1')).toMatchObject({
      repositoryUri: `${registry}/team/whisper`,
      repository: 'team/whisper',
      registryId: '123456789012',
      tag: 'v1',
      digest: undefined,
    });
  });

  test('by digest, and in a registry with a port', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(parseImageUri(`127.0.0.1:5000/whisper@${digest}`, 'us-east-1')).toMatchObject({
      repositoryUri: '127.0.0.1:5000/whisper',
      repository: 'whisper',
      registryId: undefined,
      tag: undefined,
      digest,
    });
  });

  test('in another region: SageMaker could not pull it', () => {
    expect(() => parseImageUri(`${registry}/whisper:v1`, 'eu-west-1')).toThrow(/is in us-east-1.*eu-west-1/);
  });
});
