import { describe, expect, test } from '@jest/globals';
import { needsOf, needsPrefix } from '../../../src/deploy/removal/account-models.js';
import {
  imagesOf,
  isMade,
  needsImage,
  type OurRepository,
  type RepositoryImage,
  unneededImages,
} from '../../../src/deploy/removal/images.js';
import { keptConfigs, unneededModels } from '../../../src/deploy/removal/stale.js';

const DAY = 24 * 60 * 60_000;
const now = 100 * DAY;
const before = now - DAY;

describe('configurations that a prune keeps', () => {
  // The newest first.
  const configs = [
    ['young', 0.5],
    ['verified-1', 2],
    ['failed', 3],
    ['verified-2', 4],
    ['verified-3', 5],
  ].map(([name, days]) => ({ name: String(name), created: now - Number(days) * DAY }));
  const verified = new Set(['verified-1', 'verified-2', 'verified-3']);
  const kept = (changed: Partial<Parameters<typeof keptConfigs>[1]>) =>
    [...keptConfigs(configs, { current: new Set(), verified, keep: 1, before, ...changed })].sort();

  test('the newest good ones, and what may be in the making', () => {
    expect(kept({})).toEqual(['verified-1', 'young']);
    expect(kept({ keep: 2 })).toEqual(['verified-1', 'verified-2', 'young']);
    expect(kept({ keep: 0 })).toEqual(['young']);
  });

  test('the one that serves and the one that an update goes to, whatever they are, and besides `keep` others', () => {
    expect(kept({ current: new Set(['verified-3', 'failed']) })).toEqual([
      'failed',
      'verified-1',
      'verified-3',
      'young',
    ]);
    expect(kept({ current: new Set(['verified-1']), keep: 1 })).toEqual(['verified-1', 'verified-2', 'young']);
  });

  test('the newest, where verify is false and nothing was ever verified', () => {
    expect(kept({ verified: new Set(), keep: 2 })).toEqual(['verified-1', 'young']);
    expect(kept({ verified: new Set(), current: new Set(['young']), keep: 2 })).toEqual([
      'failed',
      'verified-1',
      'young',
    ]);
  });

  test('models follow their configurations; one without may be in the making for a day', () => {
    const models = ['kept', 'shared', 'gone', 'orphan', 'young'].map((name) => ({
      name,
      created: now - (name === 'young' ? 0.5 : 2) * DAY,
    }));
    const owned = (name: string, ...models: string[]) => ({ name, created: 0, models, outputPath: '' });
    const all = [owned('stays', 'kept', 'shared'), owned('goes', 'gone', 'shared')];
    const going = unneededModels(models, all, new Set(['stays']), before);
    expect(going.map(({ name }) => name)).toEqual(['gone', 'orphan']);
  });
});

describe('what models need', () => {
  const data = (model: Parameters<typeof needsOf>[1]) => needsOf('m', model);

  test('is found in every container and every way to name data', () => {
    expect(
      needsOf('m', {
        PrimaryContainer: {
          Image: 'r/a:1',
          ModelDataSource: { S3DataSource: { S3Uri: 's3://b/p/', S3DataType: 'S3Prefix', CompressionType: 'None' } },
        },
        Containers: [
          { Image: 'r/b@sha256:1', ModelDataUrl: 's3://b/model.tar.gz' },
          {
            AdditionalModelDataSources: [
              {
                ChannelName: 'draft',
                S3DataSource: { S3Uri: 's3://b/draft/', S3DataType: 'S3Prefix', CompressionType: 'None' },
              },
            ],
          },
        ],
      }),
    ).toEqual({
      name: 'm',
      images: ['r/a:1', 'r/b@sha256:1'],
      data: ['s3://b/p/', 's3://b/model.tar.gz', 's3://b/draft/'],
    });
  });

  test('weights are in use by a prefix, by an object in it and by what is above it, and not by their neighbours', () => {
    const prefix = 's3://b/one/models/0123456789ab/';
    const uses = (ModelDataUrl: string) => needsPrefix(data({ PrimaryContainer: { ModelDataUrl } }), prefix);
    for (const uri of [prefix, `${prefix}model.tar.gz`, 's3://b/one/models/', 's3://b/one/']) {
      expect([uri, uses(uri)]).toEqual([uri, true]);
    }
    for (const uri of ['s3://b/one/models/0123456789ac/', 's3://b/one2/', 's3://other/one/models/0123456789ab/']) {
      expect([uri, uses(uri)]).toEqual([uri, false]);
    }
  });
});

describe('images', () => {
  const uri = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/whisper-sagemaker';
  const image = (letter: string, tags: string[], days = 9): RepositoryImage => ({
    digest: `sha256:${letter.repeat(64)}`,
    tags,
    pushed: now - days * DAY,
  });
  const hash = (letter: string) => letter.repeat(16);
  const ours = image('a', [hash('a')]);
  const young = image('b', [hash('b')], 0.5);
  const cache = image('c', ['cache-cuda']);
  const oldCache = image('d', []);
  const theirs = image('e', ['v1']);
  const repository: OurRepository = { name: 'whisper-sagemaker', uri, images: [ours, young, cache, oldCache, theirs] };
  const model = (name: string) => ({ name: 'm', images: [name], data: [] });

  test('are named by digest or by tag, in just this repository', () => {
    for (const name of [`${uri}@${ours.digest}`, `${uri}:${hash('a')}`, `${uri}:x@${ours.digest}`]) {
      expect([name, needsImage(model(name), repository, ours)]).toEqual([name, true]);
    }
    for (const name of [`${uri}2@${ours.digest}`, `${uri}:${hash('b')}`, `other/${uri}@${ours.digest}`]) {
      expect([name, needsImage(model(name), repository, ours)]).toEqual([name, false]);
    }
  });

  test('a prune takes what deploys pushed, no model names and is a day old; not the cache', () => {
    expect([ours, young, cache, oldCache, theirs].map(isMade)).toEqual([true, true, true, true, false]);
    expect(unneededImages(repository, [], before)).toEqual([ours, oldCache]);
    expect(unneededImages(repository, [model(`${uri}@${ours.digest}`)], before)).toEqual([oldCache]);
  });

  test("a destroy takes its own, young ones too, and with the last endpoint everything that isn't somebody's own", () => {
    const leaving = [model(`${uri}@${young.digest}`), model(`${uri}@${ours.digest}`)];
    expect(imagesOf(repository, { needed: [], leaving, before })).toEqual([ours, young, cache, oldCache]);
    const other = [model(`${uri}@${ours.digest}`)];
    expect(imagesOf(repository, { needed: other, leaving, before })).toEqual([young, oldCache]);
  });
});
