// A model's way from the hub to S3: through a runner that may die, beside runs that do the same, byte for byte.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type LocalAws, type LoggedRequest, run, startLocalAws } from '../../script/lib/local-aws.ts';
import { type LocalPart, startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import { root } from '../../script/lib/runner.ts';
import { type Clients, createClients } from '../../src/aws/clients.js';
import type { Context } from '../../src/context.js';
import { desiredState } from '../../src/deploy/desired.js';
import { weightsResource } from '../../src/deploy/resources/weights.js';
import { findWeights } from '../../src/deploy/weights/weights.js';
import { modelNames, repositoryOf } from '../../src/hub/names.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { deploySettings } from '../helpers/deploy-settings.ts';
import { materials } from '../helpers/desired.ts';

const MINUTES = 60_000;
const PART = 8 * 1024 * 1024;
const MODEL_BYTES = 4 * PART + 12_345;

jest.setTimeout(2 * MINUTES);

let aws: LocalAws;
let clients: Clients;
let hub: LocalPart;
let python: string;
let work: string;
let buckets = 0;
let bucket: string;

beforeAll(async () => {
  aws = await startLocalAws();
  Object.assign(process.env, aws.environment);
  clients = createClients('us-east-1');
  python = await virtualEnvironment();
  hub = await startLocalPart(python, 'hub', ['--generated', `someone/large=${MODEL_BYTES}`]);
  work = await mkdtemp(join(tmpdir(), 'weights-'));
}, 10 * MINUTES);

afterAll(async () => {
  await hub?.stop();
  await aws?.stop();
  await rm(work, { recursive: true, force: true });
}, MINUTES);

beforeEach(async () => {
  bucket = `models-${++buckets}`;
  await (await clients.s3()).createBucket({ Bucket: bucket });
  await fetch(`${hub.lines[0]}/_local/faults`, { method: 'DELETE' });
});

const onHub = () => ({
  kind: 'hub' as const,
  name: 'someone/large',
  revision: 'main',
  url: hub.lines[0] ?? '',
  token: undefined,
});

/** Looks at the weights and uploads what is missing, as a deploy does. Gives where they are. */
async function upload(
  overrides: Partial<DeploySettings> = {},
  { signal = new AbortController().signal, log = '' } = {},
) {
  const lines: string[] = [];
  const context: Context = {
    clients,
    account: '123456789012',
    clock: { now: () => Date.now(), sleep: async () => undefined },
    log: { info: (line: string) => void lines.push(line) } as Context['log'],
    signal,
  };
  const settings = deploySettings({ model: onHub(), bucket, ...overrides });
  const weights = await findWeights(context, settings, join(root, 'container'));
  const desired = desiredState(settings, context.account, { ...materials, weights }, {});
  const resource = weightsResource(weights);
  const found = await resource.read(context, desired);
  const changed = resource.compare(desired, found).some(({ action }) => action !== 'unchanged');
  if (changed) await resource.apply(context, desired, found);
  return { desired, weights, changed, said: lines.filter((line) => line.includes(log)) };
}

async function sha256Of(Key: string): Promise<string> {
  const { Body } = await (await clients.s3()).getObject({ Bucket: bucket, Key });
  const hash = createHash('sha256');
  await pipeline(Body as Readable, hash);
  return hash.digest('hex');
}

const unfinished = async () => (await (await clients.s3()).listMultipartUploads({ Bucket: bucket })).Uploads ?? [];

async function partsOf(UploadId = '', Key = ''): Promise<number> {
  return (await (await clients.s3()).listParts({ Bucket: bucket, Key, UploadId })).Parts?.length ?? 0;
}

const uploaded = (requests: LoggedRequest[]) => requests.filter(({ operation }) => operation === 'UploadPart');

interface HubRequest {
  where: string;
  method: string;
  path: string;
  Range: string | null;
}

/** The requests to the hub for the content of model.bin, those for its size left out. */
async function downloads(): Promise<HubRequest[]> {
  const requests = (await (await fetch(`${hub.lines[0]}/_local/requests`)).json()) as HubRequest[];
  return requests.filter(
    ({ where, path, Range }) => where === 'files' && path.endsWith('.bin') && Range !== 'bytes=0-0',
  );
}

const fault = (description: object) =>
  fetch(`${hub.lines[0]}/_local/faults`, { method: 'POST', body: JSON.stringify(description) });

describe('from the hub to S3', () => {
  test('each file is read once and in order, arrives whole, and is not sent again', async () => {
    const before = (await downloads()).length;
    const { desired, weights } = await upload();
    const model = weights.files.find(({ name }) => name === 'model.bin');
    expect(await sha256Of(`${desired.weights.prefix}model.bin`)).toBe(model?.id);
    expect((await downloads()).slice(before).map(({ Range }) => Range)).toEqual([null]);
    expect(weights.source).toMatch(/^someone\/large@[0-9a-f]{40}$/);
    expect(await unfinished()).toEqual([]);
    expect((await upload()).changed).toBe(false);
  });

  test('with a key of ours, small files and large ones', async () => {
    const kmsKeyId = 'arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000';
    const { desired } = await upload({ kmsKeyId });
    for (const name of ['model.bin', 'config.json']) {
      const head = await (await clients.s3()).headObject({ Bucket: bucket, Key: `${desired.weights.prefix}${name}` });
      expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId });
    }
  });

  test('also when S3 is busy, and when its last answer is lost', async () => {
    const busy = { service: 's3', operation: 'UploadPart', error: 'SlowDown', times: 3 };
    const lost = { service: 's3', operation: 'CompleteMultipartUpload', error: 'InternalError', after: true };
    await aws.control('faults', busy);
    await aws.control('faults', lost);
    const { desired, weights } = await upload();
    const model = weights.files.find(({ name }) => name === 'model.bin');
    expect(await sha256Of(`${desired.weights.prefix}model.bin`)).toBe(model?.id);
    expect((await aws.control<{ faults: unknown[] }>('faults')).faults).toEqual([]);
  });

  test('wrong bytes become nothing that can be seen, and nothing that a later run would keep', async () => {
    await fault({ kind: 'wrong-bytes', path: 'model.bin', where: 'files' });
    await expect(upload()).rejects.toThrow(/model.bin is not what it was announced to be: SHA-256/);
    expect(await unfinished()).toEqual([]);
    const { weights, desired } = await upload();
    expect(await sha256Of(`${desired.weights.prefix}model.bin`)).toBe(
      weights.files.find((f) => f.size === MODEL_BYTES)?.id,
    );
  });
});

describe('what was interrupted is finished', () => {
  /** Lets the hub send two parts and a half, and waits until S3 has the two. */
  async function halfWay(run: () => unknown): Promise<void> {
    await fault({ kind: 'stall', path: 'model.bin', where: 'files', after_bytes: 2.5 * PART });
    run();
    const sent = async (): Promise<number> => {
      const [left] = await unfinished();
      return left ? partsOf(left.UploadId, left.Key) : 0;
    };
    while ((await sent()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async function finish(): Promise<void> {
    const mark = await aws.mark();
    const { desired, weights, said } = await upload({}, { log: 'an earlier run has sent 2 parts' });
    expect(said).toHaveLength(1);
    const sent = uploaded(await aws.requests(mark));
    expect(sent.reduce((sum, { bytes_in }) => sum + bytes_in, 0)).toBe(MODEL_BYTES - 2 * PART);
    const model = weights.files.find(({ name }) => name === 'model.bin');
    expect(await sha256Of(`${desired.weights.prefix}model.bin`)).toBe(model?.id);
    expect(await unfinished()).toEqual([]);
  }

  test('after SIGKILL: no byte of a finished part is sent again', async () => {
    const program = ['--import', './script/lib/sources.mjs', 'script/lib/stream-weights.ts'];
    const args = [...program, hub.lines[0] ?? '', 'someone/large', bucket];
    const start = () => spawn(process.execPath, args, { cwd: root, stdio: 'ignore', env: process.env });
    let child: ReturnType<typeof start> | undefined;
    await halfWay(() => {
      child = start();
    });
    child?.kill('SIGKILL');
    await finish();
  });

  test('after an interrupt, which leaves the upload to the next run', async () => {
    const stop = new AbortController();
    let interrupted: Promise<unknown> | undefined;
    await halfWay(() => {
      interrupted = upload({}, { signal: stop.signal });
    });
    stop.abort(new Error('SIGINT'));
    await expect(interrupted).rejects.toThrow('SIGINT');
    await finish();
  });

  test('parts that are not what the hub has are sent anew', async () => {
    const s3 = await clients.s3();
    const { desired } = await upload();
    const at = { Bucket: bucket, Key: `${desired.weights.prefix}model.bin` };
    await s3.deleteObject(at);
    const { UploadId } = await s3.createMultipartUpload({ ...at, ChecksumAlgorithm: 'SHA256' });
    await s3.uploadPart({ ...at, UploadId, PartNumber: 2, Body: Buffer.alloc(PART), ChecksumAlgorithm: 'SHA256' });
    const { weights } = await upload();
    expect(await sha256Of(at.Key)).toBe(weights.files.find(({ name }) => name === 'model.bin')?.id);
  });
});

describe('two deploys at once', () => {
  /** The place of a model whose upload was begun by a run that is gone: what both go on with. */
  async function begun() {
    const { desired, weights } = await upload();
    const at = { Bucket: bucket, Key: `${desired.weights.prefix}model.bin` };
    const s3 = await clients.s3();
    await s3.deleteObject(at);
    await s3.createMultipartUpload({ ...at, ChecksumAlgorithm: 'SHA256' });
    return { key: at.Key, sha256: weights.files.find(({ name }) => name === 'model.bin')?.id };
  }

  test('bring the same model to the same place', async () => {
    const { key, sha256 } = await begun();
    await Promise.all([upload(), upload()]);
    expect(await sha256Of(key)).toBe(sha256);
    expect(await unfinished()).toEqual([]);
    expect((await upload()).changed).toBe(false);
  });

  test('of which one is given wrong bytes: it fails alone', async () => {
    const { key, sha256 } = await begun();
    await fault({ kind: 'wrong-bytes', path: 'model.bin', where: 'files' });
    const ends = await Promise.allSettled([upload(), upload()]);
    // The one with the wrong bytes, unless the other has finished for both before it knew.
    const failed = ends.filter((end) => end.status === 'rejected');
    expect(failed.length).toBeLessThanOrEqual(1);
    for (const { reason } of failed) expect(reason).toMatchObject({ message: expect.stringContaining('SHA-256 is') });
    expect(await sha256Of(key)).toBe(sha256);
  });
});

describe('as one archive', () => {
  test('holds weights that load and code that transcribes with them', async () => {
    const path = (await run(python, ['-m', 'local.weights', 'tiny.en'])).trim();
    const packed = { package: 'tar.gz' as const, model: { kind: 'folder' as const, path } };
    const { desired } = await upload(packed);
    const { prefix, uri } = desired.weights;
    expect(uri).toMatch(/\/models\/[0-9a-f]{12}\/model\.tar\.gz$/);
    expect((await upload(packed)).changed).toBe(false);
    const s3 = await clients.s3();
    const { Body } = await s3.getObject({ Bucket: bucket, Key: `${prefix}model.tar.gz` });
    await pipeline(Body as Readable, createWriteStream(join(work, 'model.tar.gz')));

    const model = await mkdtemp(join(work, 'model-'));
    await run('tar', ['-xzf', join(work, 'model.tar.gz'), '-C', model]);
    expect((await readdir(model)).sort()).toEqual(['code', ...(await readdir(path)).sort()]);
    const heard = await run(await containerPython(), ['-c', TRANSCRIBE, model, join(root, 'assets', 'clip.mp3')]);
    expect(heard).toMatch(/\w{3,}/);
  });

  test('wrong bytes become nothing there either', async () => {
    await fault({ kind: 'wrong-bytes', path: 'model.bin', where: 'files' });
    await expect(upload({ package: 'tar.gz' })).rejects.toThrow(/model.bin is not what it was announced to be/);
    expect(await unfinished()).toEqual([]);
  });
});

/** What AWS's toolkit does with a model.tar.gz: the code from code/, the four handlers one after the other. */
const TRANSCRIBE = `
import sys
sys.path.insert(0, sys.argv[1] + "/code")
import inference
model = inference.model_fn(sys.argv[1])
request = inference.input_fn(open(sys.argv[2], "rb").read(), "audio/mpeg")
print(inference.output_fn(inference.predict_fn(request, model), "text/plain")[0])
`;

async function containerPython(): Promise<string> {
  const script = 'source script/lib/venv.sh && venv container-cpu container/requirements/cpu.txt';
  return join((await run('bash', ['-c', script], false)).trim(), 'bin', 'python');
}

test('the well-known names are those of the faster-whisper in the image', async () => {
  const printed = await run(await containerPython(), [
    '-c',
    'import json\nfrom faster_whisper.utils import _MODELS\nprint(json.dumps(_MODELS))',
  ]);
  const renamed = printed.replaceAll('mobiuslabsgmbh/', 'dropbox-dash/');
  expect(Object.fromEntries(modelNames.map((name) => [name, repositoryOf(name)]))).toEqual(JSON.parse(renamed));
});

test('a model that is not converted is refused with the command that converts it', async () => {
  const folder = await mkdtemp(join(work, 'transformers-'));
  for (const name of ['config.json', 'model.safetensors']) await writeFile(join(folder, name), '{}');
  await expect(upload({ model: { kind: 'folder', path: folder } })).rejects.toMatchObject({
    message: expect.stringContaining('not a model in CTranslate2 format (but Transformers)'),
    remedy: expect.stringContaining('ct2-transformers-converter --model'),
  });
});
