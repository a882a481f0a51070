import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type LocalAws, startLocalAws } from '../../script/lib/local-aws.ts';
import { type Clients, createClients } from '../../src/aws/clients.js';
import type { Context } from '../../src/context.js';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import { publish, requirePublishable } from '../../src/transcribe/publish/publish.js';
import { transcribeSettings } from '../helpers/transcribe-settings.ts';
import { quickClock, writeFiles } from '../helpers/workspace.ts';

const MINUTES = 60_000;
jest.setTimeout(MINUTES);
const ACCOUNT = '123456789012';
const BUCKET = 'podcasts-of-ours';
const FILES = {
  'out/show/a.txt': 'Grüße\n',
  'out/show/a.html': '<p>Grüße</p>\n',
  'out/show/a.podcast.json': '{}\n',
  'out/show/a "b" $(c) ü.vtt': 'WEBVTT\n',
};
let aws: LocalAws;
let clients: Clients;
let folder: string;
const lines: string[] = [];

beforeAll(async () => {
  aws = await startLocalAws();
  Object.assign(process.env, aws.environment);
  clients = createClients('us-east-1');
  await (await clients.s3()).createBucket({ Bucket: BUCKET });
  folder = await mkdtemp(join(tmpdir(), 'publish-'));
  await writeFiles(folder, FILES);
}, 5 * MINUTES);
afterAll(async () => {
  await aws?.stop();
  await rm(folder, { recursive: true, force: true });
}, MINUTES);

const log = { info: (line: string) => void lines.push(line), warning: (line: string) => void lines.push(line) };
const context = () =>
  ({ clients, account: ACCOUNT, clock: quickClock, log, signal: new AbortController().signal }) as unknown as Context;
const settingsOf = (given: Partial<TranscribeSettings>) =>
  transcribeSettings({ publish: 's3', workspace: folder, outputFolder: 'out', ...given });

async function run(paths: string[], given: Partial<TranscribeSettings> = {}, removed: string[] = []) {
  const mark = await aws.mark();
  const files = paths.map((path) => ({ audio: `${path}.mp3`, state: 'reused' as const, transcripts: [path] }));
  const place = { bucket: BUCKET, prefix: 'whisper/' };
  const publication = await publish(context(), settingsOf(given), { files, removed, feeds: [], place });
  return { publication, operations: (await aws.requests(mark)).map(({ operation }) => operation) };
}

test('puts the transcripts below the endpoint’s folder with their types; again, it puts nothing; then what is new', async () => {
  const first = await run(Object.keys(FILES));
  expect(first.publication).toEqual({ published: 's3' });
  const s3 = await clients.s3();
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: BUCKET });
  const types = await Promise.all(
    Contents.map(async ({ Key }) => [Key, (await s3.headObject({ Bucket: BUCKET, Key })).ContentType]),
  );
  expect(Object.fromEntries(types)).toEqual({
    'whisper/transcripts/show/a.txt': 'text/plain; charset=utf-8',
    'whisper/transcripts/show/a.html': 'text/html; charset=utf-8',
    'whisper/transcripts/show/a.podcast.json': 'application/json; charset=utf-8',
    'whisper/transcripts/show/a "b" $(c) ü.vtt': 'text/vtt; charset=utf-8',
  });

  const second = await run(Object.keys(FILES));
  expect(second.publication).toEqual({});
  expect(second.operations).toEqual(['ListObjectsV2']);

  await writeFiles(folder, { 'out/show/a.txt': 'Grüsse!\n' });
  const third = await run(Object.keys(FILES), {}, ['out/show/a.html', 'out/show/never-there.txt']);
  expect(third.operations).toEqual(['ListObjectsV2', 'PutObject']);
});

test('what was removed goes, and nothing else', async () => {
  await run(Object.keys(FILES), { publishTo: { bucket: BUCKET, prefix: 'site/' } });
  const removed = ['out/show/a.html', 'out/show/never-there.txt'];
  const { operations, publication } = await run(
    ['out/show/a.txt'],
    { publishTo: { bucket: BUCKET, prefix: 'site/' } },
    removed,
  );
  expect(operations).toEqual(['ListObjectsV2', 'DeleteObjects']);
  expect(publication).toEqual({ published: 's3' });
  const { Contents = [] } = await (await clients.s3()).listObjectsV2({ Bucket: BUCKET, Prefix: 'site/' });
  expect(Contents.map(({ Key }) => Key)).toEqual([
    'site/show/a "b" $(c) ü.vtt',
    'site/show/a.podcast.json',
    'site/show/a.txt',
  ]);
});

test('what a key of KMS encrypts has an ETag that says nothing: it is read, and not put again', async () => {
  const s3 = await clients.s3();
  // In S3 an upload in parts gives such an ETag as well.
  const object = { Bucket: BUCKET, Key: 'encrypted/show/a.podcast.json' };
  const { UploadId } = await s3.createMultipartUpload(object);
  const { ETag } = await s3.uploadPart({ ...object, UploadId, PartNumber: 1, Body: '{}\n' });
  await s3.completeMultipartUpload({ ...object, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } });
  const { operations } = await run(['out/show/a.podcast.json'], {
    publishTo: { bucket: BUCKET, prefix: 'encrypted/' },
  });
  expect(operations).toEqual(['ListObjectsV2', 'GetObject']);
});

test('a bucket of somebody else is refused before anything is paid for, and another time as well', async () => {
  await aws.control('bucket', { name: 'not-ours', region: 'us-east-1', account: '999999999999' });
  const publishTo = { bucket: 'not-ours', prefix: '' };
  await expect(requirePublishable(context(), settingsOf({ publishTo }))).rejects.toThrow(
    /not-ours \(input `publish-uri`\)/,
  );
  const { publication } = await run(['out/show/a.txt'], { publishTo });
  expect(publication.problem?.message).toContain('Access denied');
  const absent = settingsOf({ publishTo: { bucket: 'nowhere-at-all', prefix: '' } });
  await expect(requirePublishable(context(), absent)).rejects.toThrow('There is no bucket nowhere-at-all');
});
