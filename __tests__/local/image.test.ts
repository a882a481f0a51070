// How images come to be, with a real engine and real registries: what each test pushes is what SageMaker then runs.

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../script/lib/local-aws.ts';
import { virtualEnvironment } from '../../script/lib/local-part.ts';
import { inferenceImage } from '../../src/deploy/inference-image.js';
import { image } from '../../src/deploy/resources/image.js';
import { repository } from '../../src/deploy/resources/repository.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';
import { desired, materials } from '../helpers/desired.ts';

const MINUTES = 60_000;
const bucket = 'whisper-sagemaker-123456789012-us-east-1';
const root = join(import.meta.dirname, '..', '..');

let rig: DeployRig;
let folder: string;
beforeAll(async () => {
  rig = await startDeployRig();
  folder = await mkdtemp(join(tmpdir(), 'images-'));
}, 5 * MINUTES);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await rig.stop();
}, MINUTES);

/** Name under which images stay in the engine, so that the next run finds their layers (local/engine/images.py). */
const KEPT = 'whisper-sagemaker/toolkit';

const docker = (...args: string[]) => run('docker', ['--host', rig.aws.environment['DOCKER_HOST'] ?? '', ...args]);

/** Makes a repository in another account that shares it with ours; the address of that account's registry. */
const share = async (account: string, repository: string, kept?: string): Promise<string> =>
  (await rig.aws.control<{ registry: string }>('registry', { account, repository, kept })).registry;

describe("on AWS's inference image, in a repository of another account", () => {
  // The account of AWS's images lends the repository too: what lies in its registry already is not sent there again.
  const LENDER = inferenceImage('us-east-1', 'cpu').slice(0, 12);
  const REPOSITORY = `${LENDER}.dkr.ecr.us-east-1.amazonaws.com/team/whisper`;
  const onDlc = async () => ({
    endpointName: 'dlc',
    imageUri: undefined,
    baseImage: 'dlc',
    instanceTypes: ['ml.c7i.xlarge'] as [string],
    ecrRepository: REPOSITORY,
    model: { kind: 'folder' as const, path: await tinyWeights() },
  });

  test(
    'the toolkit serves the handlers: the clip comes back, and more than its own limits allow',
    async () => {
      await publishInferenceImage();
      await expect(rig.deploy(await onDlc())).rejects.toThrow(
        /account 763104351884 shares no ECR repository team\/whisper/,
      );
      const host = await share(LENDER, 'team/whisper');

      const made = await rig.deploy(await onDlc());
      expect(made.imageRepository).toBe('team/whisper');
      const ecr = await rig.clients.ecr();
      const lent = await ecr.describeImages({ registryId: LENDER, repositoryName: 'team/whisper' });
      expect(lent.imageDetails?.map(({ imageDigest }) => imageDigest)).toEqual([made.imageDigest]);
      await docker('tag', `${host}/team/whisper@${made.imageDigest}`, `${KEPT}:built`);
      expect(rig.lines).toContain('A clip came back from the new image with the new model.');
      const text = await answerOf('dlc', await readFile(join(root, 'assets', 'clip.mp3')));
      expect(text).toMatch(/ask what you can do for your country/i);
      // TorchServe and its parent take 6,553,500 bytes unless they are told otherwise.
      expect(await answerOf('dlc', silence(8_000_000))).toBe('');

      const again = await rig.requestsOf(async () => rig.deploy(await onDlc()));
      expect(again.filter(({ mutating }) => mutating)).toEqual([]);
      expect(again.map(({ operation }) => operation)).not.toContain('GetAuthorizationToken');
    },
    10 * MINUTES,
  );
});

describe('a build', () => {
  /** A context of the rig's whose log goes into `lines`. */
  const context = (lines: string[], signal = new AbortController().signal) => ({
    clients: rig.clients,
    account: '123456789012',
    clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
    signal,
    log: {
      info: (line: string) => void lines.push(line),
      notice: () => undefined,
      warning: () => undefined,
      error: () => undefined,
      group: <T>(_title: string, body: () => Promise<T>) => body(),
      mask: () => undefined,
    },
  });

  /** What is wanted, with an image of this Dockerfile under this tag. */
  const wanted = async (tag: string, dockerfile: string) => {
    const path = await mkdtemp(join(folder, 'build-'));
    await writeFile(join(path, 'Dockerfile'), `ARG BASE_IMAGE\nFROM \${BASE_IMAGE}\nARG FLAVOUR\n${dockerfile}\n`);
    const source = materials.image as Extract<typeof materials.image, { kind: 'build' }>;
    const BASE_IMAGE = rig.aws.environment['WHISPER_INSTANT_IMAGE'] ?? '';
    const built = {
      ...source,
      repository: 'builds',
      tag,
      folder: path,
      buildArguments: { BASE_IMAGE, FLAVOUR: 'cpu' as const },
    };
    return { path, of: { ...desired({}, { image: built }), known: {} } };
  };

  const inRepository = async (tag: string, dockerfile: string) => {
    const { path, of } = await wanted(tag, dockerfile);
    const found = await repository.read(context([]), of);
    const known = found ?? (await repository.apply(context([]), of, found));
    return { path, of: { ...of, known } };
  };

  test(
    "of a tag that another run pushed meanwhile is that run's image: the same content made it",
    async () => {
      const first = await inRepository('feedfacefeedface', 'ENV RUN=first');
      const { imageDigest } = await image.apply(context([]), first.of, undefined);
      const second = await inRepository('feedfacefeedface', 'ENV RUN=second');
      const lines: string[] = [];
      expect(await image.apply(context(lines), second.of, undefined)).toEqual({ imageDigest });
      expect(lines.join('\n')).toMatch(/The image is in ECR all the same; what failed: The image could not be pushed/);
    },
    2 * MINUTES,
  );

  test(
    'that is stopped leaves no process, no container and no login behind',
    async () => {
      const abort = new AbortController();
      const { path, of } = await inRepository('deadbeefdeadbeef', 'RUN echo begun && sleep 987654');
      process.env['RUNNER_TEMP'] = path;
      const lines: string[] = [];
      const building = image.apply(context(lines, abort.signal), of, undefined);
      await waitFor(
        async () => lines.some((line) => line.includes('begun')) && (await processes('sleep\0' + '987654')) > 0,
      );
      expect(await processes(path)).toBeGreaterThan(0);
      abort.abort(new Error('stopped'));
      await expect(building).rejects.toThrow('stopped');
      delete process.env['RUNNER_TEMP'];
      expect(await processes(path)).toBe(0);
      expect((await readdir(path)).filter((name) => name !== 'Dockerfile')).toEqual([]);
      await waitFor(async () => (await processes('sleep\0' + '987654')) === 0);
    },
    2 * MINUTES,
  );
});

/** Makes the stand-in for AWS's image, or takes what an earlier run made of the same, and puts it where AWS's is. */
async function publishInferenceImage(): Promise<void> {
  const uri = inferenceImage('us-east-1', 'cpu');
  const [account, tag] = [uri.slice(0, 12), uri.slice(uri.lastIndexOf(':') + 1)];
  const base = rig.aws.environment['WHISPER_BASE_IMAGE'] ?? '';
  const source = join(root, 'local', 'toolkit');
  const kept = `toolkit-${await hashOf(source, base)}`;
  const host = await share(account, 'pytorch-inference', kept);
  const ecr = await rig.clients.ecr();
  const images = await ecr.describeImages({ registryId: account, repositoryName: 'pytorch-inference' });
  if (images.imageDetails?.some(({ imageTags }) => imageTags?.includes(tag))) return;
  const published = `${host}${uri.slice(uri.indexOf('/'))}`;
  await docker(
    'build',
    '--network=host',
    `--build-arg=BASE_IMAGE=${base}`,
    '--tag',
    `${KEPT}:base`,
    '--tag',
    published,
    source,
  );
  const { authorizationData = [] } = await ecr.getAuthorizationToken({ registryIds: [account] });
  const config = join(folder, 'docker');
  await run('mkdir', [config]);
  await writeFile(
    join(config, 'config.json'),
    JSON.stringify({ auths: { [host]: { auth: authorizationData[0]?.authorizationToken } } }),
  );
  await docker('--config', config, 'push', published);
  // What is built on it has to be pulled.
  await docker('image', 'rm', published);
  await rig.aws.control('registry', { account, keep: kept });
}

/** Of the files in a folder and of what they are built on. */
async function hashOf(folder: string, base: string): Promise<string> {
  const hash = createHash('sha256').update(base);
  for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 12);
}

async function tinyWeights(): Promise<string> {
  return (await run(await virtualEnvironment(), ['-m', 'local.weights', 'tiny.en'])).trim();
}

/** Sends audio to an endpoint and gives the text that comes back. */
async function answerOf(EndpointName: string, audio: Uint8Array): Promise<string> {
  const [s3, runtime] = await Promise.all([rig.clients.s3(), rig.clients.runtime()]);
  await s3.putObject({ Bucket: bucket, Key: 'dlc/input/audio', Body: audio });
  const { OutputLocation = '', FailureLocation = '' } = await runtime.invokeEndpointAsync({
    EndpointName,
    InputLocation: `s3://${bucket}/dlc/input/audio`,
    ContentType: 'application/octet-stream',
    Accept: 'text/plain',
  });
  const read = async (location: string) => {
    const Key = location.replace(`s3://${bucket}/`, '');
    const found = await s3.getObject({ Bucket: bucket, Key }).catch(() => undefined);
    return found?.Body?.transformToString();
  };
  let answer: string | undefined;
  await waitFor(async () => {
    answer = await read(OutputLocation);
    const failure = answer === undefined ? await read(FailureLocation) : undefined;
    if (failure !== undefined) throw new Error(failure);
    return answer !== undefined;
  });
  return answer ?? '';
}

/** A WAV file of silence (16 kHz, 16 bit, one channel) with so many bytes of it. */
function silence(bytes: number): Uint8Array {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(16_000, 24);
  header.writeUInt32LE(32_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(bytes, 40);
  return Buffer.concat([header, Buffer.alloc(bytes)]);
}

/** How many processes of this machine, those in containers too, have these words in their command line. */
async function processes(words: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(words)).length;
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + MINUTES; Date.now() < until; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('What was waited for did not come.');
}
