import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type BuiltImage,
  buildInputs,
  imageSource,
  parseImageUri,
  parseRepository,
} from '../../../src/deploy/image-source.js';
import { cacheTagsMove } from '../../../src/deploy/resources/repository.js';
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

  test("the image on AWS's own has its Dockerfile, and the other has no part in it", async () => {
    const dlc = await tag({ baseImage: 'dlc' });
    const own = await tag();
    await writeFile(join(folder, 'Dockerfile.dlc'), 'FROM scratch');
    expect(await tag()).toBe(own);
    expect(await tag({ baseImage: 'dlc' })).not.toBe(dlc);
  });

  test('a .dockerignore that the hash could not follow is an error', async () => {
    await writeFile(join(folder, '.dockerignore'), '*.pyc\n');
    await expect(buildInputs(folder, 'Dockerfile')).rejects.toThrow(/must be "\*", then lines that begin with "!"/);
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

describe('a base image in ECR', () => {
  const source = async (overrides = {}) =>
    (await imageSource(deploySettings(overrides), shipped('container'))) as BuiltImage;

  test.each([
    ['us-east-1', 'ml.g5.xlarge', '763104351884.dkr.ecr.us-east-1.amazonaws.com', 'gpu-py312-cu124'],
    ['eu-south-1', 'ml.c7i.xlarge', '692866216735.dkr.ecr.eu-south-1.amazonaws.com', 'cpu-py312'],
    ['cn-north-1', 'ml.g5.xlarge', '727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn', 'gpu-py312-cu124'],
    ['us-gov-west-1', 'ml.g5.xlarge', '442386744353.dkr.ecr.us-gov-west-1.amazonaws.com', 'gpu-py312-cu124'],
  ])('dlc in %s on %s', async (region, type, registry, tag) => {
    const { buildArguments, baseRegistry, dockerfile } = await source({
      region,
      instanceTypes: [type],
      baseImage: 'dlc',
    });
    expect(buildArguments.BASE_IMAGE).toBe(`${registry}/pytorch-inference:2.6.0-${tag}-ubuntu22.04-sagemaker`);
    expect(baseRegistry).toEqual({ account: registry.slice(0, 12), region });
    expect(dockerfile).toBe('Dockerfile.dlc');
  });

  test('dlc in a region that AWS has none in', async () => {
    await expect(source({ region: 'eu-east-9', baseImage: 'dlc' })).rejects.toThrow(/eu-east-9.*`base-image`: dlc/);
  });

  test.each([
    ['111122223333.dkr.ecr.eu-west-1.amazonaws.com/python:3.12', { account: '111122223333', region: 'eu-west-1' }],
    [
      '111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/a/b@sha256:0',
      { account: '111122223333', region: 'us-east-1' },
    ],
    ['111122223333.dkr-ecr.eu-west-1.on.aws/python:3.12', { account: '111122223333', region: 'eu-west-1' }],
    ['public.ecr.aws/docker/library/python:3.12', undefined],
    ['python:3.12-slim-bookworm', undefined],
    ['111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example/python:3.12', undefined],
  ])('%s', async (baseImage, expected) => {
    expect((await source({ baseImage })).baseRegistry).toEqual(expected);
  });
});

describe('the repository', () => {
  test('of another account, by its URI', () => {
    expect(parseRepository('111122223333.dkr.ecr.us-east-1.amazonaws.com/team/whisper', 'us-east-1')).toEqual({
      repository: 'team/whisper',
      registryId: '111122223333',
    });
  });

  test('in another region: SageMaker could not pull from it', () => {
    const uri = '111122223333.dkr.ecr.us-east-1.amazonaws.com/whisper';
    expect(() => parseRepository(uri, 'eu-west-1')).toThrow(/is in us-east-1.*eu-west-1/);
  });

  const cache = [{ filterType: 'WILDCARD' as const, filter: 'cache-*' }];
  const others = [{ filterType: 'WILDCARD' as const, filter: 'cache' }];
  test.each([
    ['MUTABLE' as const, [], true],
    ['IMMUTABLE' as const, [], false],
    ['IMMUTABLE_WITH_EXCLUSION' as const, cache, true],
    ['IMMUTABLE_WITH_EXCLUSION' as const, others, false],
    ['MUTABLE_WITH_EXCLUSION' as const, cache, false],
    ['MUTABLE_WITH_EXCLUSION' as const, others, true],
  ])(
    '%s except %j: the tag of the cache moves: %s',
    (imageTagMutability, imageTagMutabilityExclusionFilters, moves) => {
      expect(cacheTagsMove({ imageTagMutability, imageTagMutabilityExclusionFilters })).toBe(moves);
    },
  );
});
