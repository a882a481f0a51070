import { readFileSync } from 'node:fs';
import { ProductionVariantInstanceType } from '@aws-sdk/client-sagemaker';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { DeploySettings } from '../../../src/settings/deploy.js';
import { cpuInstanceTypes, gpuInstanceTypes } from '../../../src/settings/instance-types.js';
import { readSettings } from '../../../src/settings/settings.js';
import type { TranscribeSettings } from '../../../src/settings/transcribe.js';

const action = parse(readFileSync('action.yml', 'utf8')) as { inputs: Record<string, { default?: string }> };

/** The environment of a step whose `with:` block is `inputs`. */
function environment(inputs: Record<string, string>): NodeJS.ProcessEnv {
  const given = Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? '']));
  const all = Object.entries({ ...given, ...inputs }).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  return { ...Object.fromEntries(all), AWS_REGION: 'eu-west-1', GITHUB_WORKSPACE: '/checkout' };
}

const role = 'arn:aws:iam::123456789012:role/service-role/whisper';
const deploy = (inputs: Record<string, string> = {}) =>
  readSettings(environment({ mode: 'deploy', 'execution-role-arn': role, ...inputs })) as DeploySettings;
const transcribe = (inputs: Record<string, string> = {}) =>
  readSettings(environment({ mode: 'transcribe', files: 'audio/*.mp3', ...inputs })) as TranscribeSettings;

describe('what is needed is enough', () => {
  test('deploy: a role', () => {
    expect(deploy()).toMatchObject({
      mode: 'deploy',
      endpointName: 'whisper',
      region: 'eu-west-1',
      waitMinutes: 60,
      minInstances: 0,
      maxInstances: 1,
      bucket: undefined,
      imageUri: undefined,
      verify: true,
    });
  });

  test('transcribe: files', () => {
    expect(transcribe({ files: 'a/*.mp3\n\n  b c/**/*.wav  ' })).toMatchObject({
      files: ['a/*.mp3', 'b c/**/*.wav'],
      waitMinutes: 340,
      formats: ['txt', 'srt', 'vtt', 'json'],
      options: { word_timestamps: true },
      workspace: '/checkout',
      redo: 'never',
      cues: { preset: 'auto', rules: {} },
      publishTo: undefined,
      comment: false,
    });
  });

  test('transcribe: or feeds', () => {
    const feeds = ['https://example.com/feed.xml', 'https://me:secret@example.com/feed?token=x'];
    expect(transcribe({ files: '', feeds: `${feeds.join('\n')}\n${feeds[0]}` })).toMatchObject({
      files: [],
      podcast: {
        feeds,
        maxEpisodes: 5,
        titles: [],
        since: undefined,
        transcribed: 'skip',
        publicBaseUrl: undefined,
        feedCopy: 'none',
        allowPrivateAddresses: false,
      },
    });
    const base = { feeds: 'https://example.com/feed.xml', 'public-base-url': 'https://me.example/transcripts' };
    expect(transcribe(base).podcast).toMatchObject({
      publicBaseUrl: 'https://me.example/transcripts/',
      feedCopy: 'tags',
    });
    expect(transcribe({ ...base, 'feed-copy': 'copy' }).podcast.feedCopy).toBe('copy');
    expect(transcribe({ ...base, 'feed-copy': 'none' }).podcast.feedCopy).toBe('none');
  });

  test('transcribe: or what is to be forgotten', () => {
    expect(transcribe({ files: '', forget: 'audio/secret.*' })).toMatchObject({
      files: [],
      forget: ['audio/secret.*'],
    });
  });

  test('a repository in a folder of the workspace, rules for captions, a place in S3', () => {
    const settings = transcribe({
      'repository-path': 'show',
      'line-characters': '20',
      'cue-gap': '0.5',
      'publish-uri': 's3://my-bucket/a/b',
      'audio-base-url': 'https://example.org/audio',
    });
    expect(settings).toMatchObject({
      workspace: '/checkout/show',
      cues: { preset: 'auto', rules: { lineColumns: 20, gapSeconds: 0.5 } },
      publishTo: { bucket: 'my-bucket', prefix: 'a/b/' },
      audioBaseUrl: 'https://example.org/audio/',
    });
    expect(transcribe({ 'publish-uri': 's3://my-bucket' }).publishTo).toEqual({ bucket: 'my-bucket', prefix: '' });
  });
});

describe('the model is', () => {
  test.each([
    ['turbo', { kind: 'hub', name: 'turbo', revision: 'main', url: 'https://huggingface.co', token: undefined }],
    [
      'owner/name',
      { kind: 'hub', name: 'owner/name', revision: 'main', url: 'https://huggingface.co', token: undefined },
    ],
    ['./weights', { kind: 'folder', path: './weights' }],
    ['/weights', { kind: 'folder', path: '/weights' }],
    ['s3://bucket/a/b', { kind: 's3', bucket: 'bucket', prefix: 'a/b/' }],
    ['s3://bucket/a/b/', { kind: 's3', bucket: 'bucket', prefix: 'a/b/' }],
  ])('%s', (model, source) => {
    expect(deploy({ model }).model).toEqual(source);
  });
});

test('only options that differ from the defaults reach the key of a result', () => {
  const plain = { 'word-timestamps': 'false' };
  expect(
    transcribe({ ...plain, task: 'transcribe', prompt: '', vad: 'true', channels: 'mix', multilingual: 'false' })
      .options,
  ).toEqual({});
  expect(transcribe({ language: 'ja', multilingual: 'true', vad: 'false', channels: 'split' }).options).toEqual({
    language: 'ja',
    multilingual: true,
    word_timestamps: true,
    vad: false,
    channels: 'split',
  });
});

describe('a bad input is named with what was found and what it takes', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'unknown mode',
      () => readSettings(environment({ mode: 'delete' })),
      /mode is "delete"; it must be `plan`, `deploy`, `transcribe`, `prune` or `destroy`/,
    ],
    ['no mode', () => readSettings(environment({ mode: '' })), /mode is empty/],
    [
      'a glob that leads out of the repository',
      () => deploy({ 'deployment-paths': '{workflow}\n!../**' }),
      /deployment-paths is "\{workflow\}\n!\.\.\/\*\*"; it must be globs relative to the root of the repository/,
    ],
    ['no role', () => deploy({ 'execution-role-arn': '' }), /execution-role-arn is empty; it must be the ARN/],
    ['no files', () => transcribe({ files: ' \n ' }), /files is empty; it must be one or more globs/],
    [
      'unknown instance type',
      () => deploy({ 'instance-type': 'ml.g9.xlarge' }),
      /instance-type is "ml.g9.xlarge"; it must be/,
    ],
    [
      'underscore',
      () => deploy({ 'endpoint-name': 'my_endpoint' }),
      /endpoint-name is "my_endpoint"; it must be letters/,
    ],
    ['51 characters', () => deploy({ 'endpoint-name': 'a'.repeat(51) }), /endpoint-name is "a{51}"; it must have 50/],
    ['not a number', () => deploy({ 'max-instances': '3x' }), /max-instances is "3x"; it must be a whole number/],
    ['not a flag', () => deploy({ verify: 'yes' }), /verify is "yes"; it must be `true` or `false`/],
    ['a bucket without a prefix', () => deploy({ model: 's3://bucket/' }), /model is "s3:\/\/bucket\/"; it must name/],
    [
      'min above max',
      () => deploy({ 'min-instances': '2' }),
      /min-instances is "2"; it must not be above max-instances \(1\)/,
    ],
    ['float16 on a CPU', () => deploy({ 'instance-type': 'ml.c7i.xlarge', 'compute-type': 'float16' }), /needs a GPU/],
    [
      'a repository elsewhere',
      () => deploy({ 'ecr-repository': 'ghcr.io/team/whisper:v1' }),
      /ecr-repository is "ghcr.io\/team\/whisper:v1"; it must be the name of an ECR repository/,
    ],
    ['unknown format', () => transcribe({ formats: 'txt,doc' }), /formats is "txt,doc"; it must be one or more of txt/],
    [
      'folder outside',
      () => transcribe({ 'output-folder': '../out' }),
      /output-folder is "..\/out"; it must be a folder/,
    ],
    ['a path out of the workspace', () => transcribe({ 'repository-path': 'a/../../b' }), /repository-path is/],
    [
      'speakers of one track',
      () => transcribe({ speakers: 'Anna\nBob' }),
      /speakers is "Anna, Bob"; it names the tracks/,
    ],
    [
      'a branch like an option',
      () => transcribe({ 'pull-request-branch': '--mirror' }),
      /must be the name of a branch/,
    ],
    ['a branch that git refuses', () => transcribe({ 'pull-request-branch': 'a..b' }), /must be the name of a branch/],
    ['half a line', () => transcribe({ 'line-characters': '20.5' }), /line-characters is "20.5"; it must be a whole/],
    ['a page that no browser plays', () => transcribe({ 'audio-base-url': 'javascript:1' }), /begins with https/],
    ['a day that there is not', () => transcribe({ 'episodes-since': '2026-02-30' }), /must be a day that there is/],
    [
      'days the wrong way round',
      () => transcribe({ 'episodes-since': '2026-02-02', 'episodes-until': '2026-02-01' }),
      /episodes-since is "2026-02-02"; it must not be after episodes-until \(2026-02-01\)/,
    ],
    [
      'tags without their address',
      () => transcribe({ 'feed-copy': 'copy' }),
      /public-base-url is empty; it must be given with `feed-copy: copy`/,
    ],
    ['a workflow in a folder', () => transcribe({ 'dispatch-workflow': '../pages.yml' }), /file name of a workflow/],
  ])('%s', (_, read, message) => {
    expect(read).toThrow(message);
  });

  test('all of them at once', () => {
    expect(() => deploy({ 'endpoint-name': 'a_b', 'idle-minutes': '0', 'compute-type': 'fast' })).toThrow(
      /3 inputs are wrong:\n- endpoint-name .*\n- compute-type .*\n- idle-minutes /,
    );
  });

  test('but never a token', () => {
    expect(() => deploy({ 'hub-token': 'secret', verify: 'secret?' })).toThrow(/verify/);
    expect(() => deploy({ 'hub-token': 'hf_secret', verify: 'x' })).not.toThrow(/hf_secret/);
    expect(() => transcribe({ feeds: 'ftp://me:secret@example.com' })).toThrow(
      /feeds is "\*\*\*"; it must be addresses/,
    );
  });
});

test('no region anywhere is said with where to set it', () => {
  const step = { ...environment({ mode: 'transcribe', files: '*' }), AWS_REGION: '' };
  expect(() => readSettings(step)).toThrow(/aws-region is empty; it must be an AWS region/);
});

test('every instance type that we take is one that SageMaker hosts', () => {
  const hosted: ReadonlySet<string> = new Set(Object.values(ProductionVariantInstanceType));
  expect([...gpuInstanceTypes, ...cpuInstanceTypes].filter((type) => !hosted.has(type))).toEqual([]);
});
