import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type LocalAws, startLocalAws } from '../../script/lib/local-aws.ts';
import { type Clients, createClients } from '../../src/aws/clients.js';
import type { Context } from '../../src/context.js';
import type { UserError } from '../../src/errors.js';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import { select } from '../../src/transcribe/select/select.js';
import { objectIdentity } from '../../src/transcribe/select/source.js';
import { transcribeSettings } from '../helpers/transcribe-settings.ts';
import { quickClock, writeFiles } from '../helpers/workspace.ts';

const MINUTES = 60_000;
const BUCKET = 'recordings';
const NASTY = [
  'rec/a b+c/%41 d.mp3',
  'rec/quote"\'.mp3',
  'rec/line\rbreak.mp3',
  'rec/$(touch x)`&;.mp3',
  'rec/[1] {x,y}*?.mp3',
  'rec/ünï/日本語 🎙.mp3',
  'rec/bell\u0007 <&>.mp3',
  'rec/ -dash.mp3',
  'rec//empty.mp3',
];

let aws: LocalAws;
let clients: Clients;
let workspace: string;
let lines: string[];

beforeAll(async () => {
  aws = await startLocalAws();
  Object.assign(process.env, aws.environment);
  clients = createClients('us-east-1');
  workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
  const s3 = await clients.s3();
  await s3.createBucket({ Bucket: BUCKET });
  const keys = [
    ...NASTY,
    'rec/x.wav',
    'rec/.hidden/h.mp3',
    'rec/old/a.mp3',
    'recent/b.mp3',
    'deep/../c.mp3',
    'whisper/input/d.mp3',
    'transcripts/e.mp3',
  ];
  await Promise.all(keys.map((Key) => s3.putObject({ Bucket: BUCKET, Key, Body: Key })));
  await s3.putObject({ Bucket: BUCKET, Key: 'rec/folder.mp3/', Body: '', ContentLength: 0 });
}, 5 * MINUTES);
afterAll(async () => {
  await aws?.stop();
  await rm(workspace, { recursive: true, force: true });
}, MINUTES);
beforeEach(() => {
  lines = [];
});

function selection(files: string[], settings: Partial<TranscribeSettings> = {}) {
  const context: Context = {
    clients,
    account: '123456789012',
    clock: quickClock,
    signal: new AbortController().signal,
    log: {
      info: (line) => void lines.push(line),
      notice: (line) => void lines.push(line),
      warning: (line) => void lines.push(`warning: ${line}`),
      error: (line) => void lines.push(`error: ${line}`),
      group: (_title, body) => body(),
      mask: () => undefined,
    },
  };
  return select(context, transcribeSettings({ files, workspace, ...settings }), {
    endpointFolder: async () => ({ bucket: BUCKET, prefix: 'whisper/' }),
    pending: async () => new Set(),
  });
}
const keysOf = async (files: string[], settings?: Partial<TranscribeSettings>) =>
  (await selection(files, settings)).found.map(({ path }) => path.replace(`s3://${BUCKET}/`, ''));
const refusal = (files: string[], settings?: Partial<TranscribeSettings>): Promise<UserError> =>
  selection(files, settings).then(
    ({ found }) => Promise.reject(new Error(`found ${found.length}`)),
    (error: UserError) => error,
  );
const s3 = (glob: string) => `s3://${BUCKET}/${glob}`;

test('objects of any name are found, without folders, hidden and excluded ones', async () => {
  const found = await keysOf([s3('rec/**/*.mp3'), s3('rec/x*')], { exclude: [s3('rec/old')] });
  expect(found).toEqual([...NASTY, 'rec/x.wav'].sort());
});

test('a key with special characters is named by escaping them; its ETag tells its content', async () => {
  const { found } = await selection([s3('rec/\\[1\\] \\{x,y\\}\\*\\?.mp3')]);
  expect(found).toEqual([
    {
      kind: 'object',
      path: s3('rec/[1] {x,y}*?.mp3'),
      bucket: BUCKET,
      key: 'rec/[1] {x,y}*?.mp3',
      etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      bytes: 19,
    },
  ]);
  const [object] = found;
  if (object?.kind !== 'object') throw new Error('no object');
  expect(objectIdentity(object)).toBe(`${object.path}#${object.etag.slice(1, -1)}`);
});

test('files and objects come together; of their own work neither', async () => {
  await writeFiles(workspace, { 'audio/z.mp3': 'z' });
  const settings = { publish: 's3', publishTo: { bucket: BUCKET, prefix: 'transcripts' } } as const;
  const found = await keysOf(['audio/*', s3('{recent,whisper/input,transcripts}/**')], settings);
  expect(found).toEqual(['audio/z.mp3', 'recent/b.mp3']);
  expect(lines).toEqual([]);
});

test('keys with ".." have no place in a folder and are left out with a warning', async () => {
  expect(await keysOf([s3('recent/*'), s3('deep/../*')])).toEqual(['recent/b.mp3']);
  expect(lines).toEqual([expect.stringContaining(`warning: ${s3('deep/../c.mp3')} is left out`)]);
});

test('only what the globs begin with is listed, and once', async () => {
  const mark = await aws.mark();
  expect(await keysOf([s3('rec/**/a.mp3'), s3('rec/old/?.mp3'), s3('rec*/b.mp3')])).toEqual([
    'rec/old/a.mp3',
    'recent/b.mp3',
  ]);
  expect((await aws.requests(mark)).map(({ operation, parameters }) => ({ operation, ...parameters }))).toEqual([
    expect.objectContaining({ operation: 'ListObjectsV2', Prefix: 'rec', ExpectedBucketOwner: '123456789012' }),
  ]);
});

test('a mistake is told by what the bucket has', async () => {
  expect((await refusal([s3('recent')])).remedy).toContain(`${s3('recent')} is a folder: write ${s3('recent/**')}`);
  expect((await refusal([s3('recent/*.MP3')])).remedy).toContain(`case count: there is "${s3('recent/b.mp3')}"`);
  expect((await refusal([s3('nothing/*')])).message).toBe(`No object matches ${s3('nothing/*')}.`);
});

test('a bucket that is absent, another account’s or in another region is told from the others', async () => {
  await aws.control('bucket', { name: 'somebody-elses', region: 'us-east-1', account: '999999999999' });
  await aws.control('bucket', { name: 'far-away', region: 'eu-west-1', account: '123456789012' });
  expect((await refusal(['s3://never-made/**'])).message).toContain('no bucket never-made (input `files`)');
  expect((await refusal(['s3://somebody-elses/**'])).message).toContain('belongs to another account');
  expect((await refusal(['s3://far-away/**'])).message).toContain('is in eu-west-1');
});
