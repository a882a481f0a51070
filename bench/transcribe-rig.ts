// What the benchmark of transcribe stands on: a local AWS, an endpoint whose container answers at once, repositories.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, run, startLocalAws } from '../script/lib/local-aws.ts';
import { root, runAction } from '../script/lib/runner.ts';

export const ENDPOINT = 'whisper';
export const BUCKET = 'whisper-sagemaker-123456789012-us-east-1';

/** Of so many files one fails the first time it comes, and one is answered a second late. */
const FAILING = 50;
const LATE = 100;
/** Each other file has this much; 16,000 bytes are a second to the container that answers at once. */
const BYTES = 4000;

export interface Usage {
  /** Megabytes at most. */
  memory: number;
  /** Milliseconds of the processor. */
  cpu: number;
}

export interface TranscribeRig {
  aws: LocalAws;
  /**
   * A checkout with so many different files in audio/, and the bare repository that it pushes to.
   * @param failing whether one in fifty fails the first time it comes; one in a hundred is late in any case
   */
  repository(files: number, failing: boolean): Promise<Repository>;
  /** Runs the bundled action's transcription, of the files in audio/ unless the inputs say otherwise. */
  transcribe(repository: Repository, inputs?: Record<string, string>): Promise<Transcription>;
  stop(): Promise<void>;
}

export interface Transcription extends Usage {
  seconds: number;
  outputs: Record<string, string>;
}

export interface Repository {
  folder: string;
  remote: string;
  /** Paths in `folder`. */
  files: string[];
}

export async function startRig(): Promise<TranscribeRig> {
  const aws = await startLocalAws();
  const work = await mkdtemp(join(tmpdir(), 'bench-transcribe-'));
  const stop = async () => {
    await aws.stop();
    // git tidies its repositories up in the background.
    await rm(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  };
  try {
    const action = await instantAction(join(work, 'action'));
    await deployEndpoint(aws, action, work);
    return {
      aws,
      repository: (files, failing) => makeRepository(work, files, failing),
      transcribe: (repository, inputs = { files: 'audio/**' }) =>
        runTranscription(aws, action, work, repository, inputs),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * A copy of the action whose container is the instant image. ACTION_DIST: the bundle to measure, when it is not this
 * checkout's.
 */
async function instantAction(copy: string): Promise<string> {
  await cp(process.env['ACTION_DIST'] ?? join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  for (const name of ['assets', 'package.json', 'container/TRANSCRIBER', 'container/.dockerignore']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await writeFile(join(copy, 'container', 'Dockerfile'), 'ARG BASE_IMAGE\nFROM $' + '{BASE_IMAGE}\n');
  return copy;
}

async function deployEndpoint({ environment }: LocalAws, action: string, work: string): Promise<void> {
  const model = join(work, 'model');
  await mkdir(model);
  for (const name of ['model.bin', 'config.json', 'tokenizer.json', 'vocabulary.json']) {
    await writeFile(join(model, name), '{}');
  }
  const { exitCode, log } = await runAction({
    action,
    workspace: work,
    environment,
    inputs: {
      mode: 'deploy',
      model,
      verify: 'false',
      'endpoint-name': ENDPOINT,
      'execution-role-arn': environment['WHISPER_EXECUTION_ROLE_ARN'] ?? '',
      'base-image': environment['WHISPER_INSTANT_IMAGE'] ?? '',
      'instance-type': 'ml.g5.xlarge',
      'min-instances': '1',
      'max-concurrent-invocations': '8',
    },
  });
  if (exitCode !== 0) throw new Error(`The deploy failed:\n${log}`);
}

let repositories = 0;

async function makeRepository(work: string, count: number, failing: boolean): Promise<Repository> {
  const number = repositories++;
  const remote = join(work, `remote-${number}.git`);
  const folder = join(work, `repository-${number}`);
  const git = (...args: string[]) => run('git', args, true, folder);
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
  await run('git', ['clone', '--quiet', remote, folder]);
  const files = Array.from({ length: count }, (_, index) => `audio/${Math.floor(index / 500)}/${index}.mp3`);
  for (const [index, file] of files.entries()) {
    if (index % 500 === 0) await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), content(number, index, failing));
  }
  await writeFile(join(folder, 'README.md'), 'A podcast\n');
  await git('checkout', '--quiet', '-B', 'main');
  await git('add', '.');
  const author = ['-c', 'user.name=A podcaster', '-c', 'user.email=podcaster@example.com'];
  await git(...author, 'commit', '--quiet', '-m', 'Episodes');
  await git('push', '--quiet', '-u', 'origin', 'main');
  return { folder, remote, files };
}

/** The first line tells the instant image what to do with it. */
function content(repository: number, index: number, failing: boolean): string {
  let behaviour = '';
  if (failing && index % FAILING === 7) behaviour = 'fail:500 x1';
  else if (index % LATE === 13) behaviour = 'sleep:1';
  return `${behaviour}\n${repository} ${index}`.padEnd(BYTES, '\0');
}

async function runTranscription(
  aws: LocalAws,
  action: string,
  work: string,
  { folder }: Repository,
  inputs: Record<string, string>,
): Promise<Transcription> {
  const usageFile = join(work, 'usage');
  await rm(usageFile, { force: true });
  const { exitCode, log, seconds, outputs } = await runAction({
    action,
    workspace: folder,
    inputs: { mode: 'transcribe', 'endpoint-name': ENDPOINT, ...inputs },
    environment: {
      ...aws.environment,
      NODE_OPTIONS: `--import=${join(root, 'bench', 'usage.mjs')}`,
      USAGE_FILE: usageFile,
    },
  });
  if (exitCode !== 0) throw new Error(`The transcription failed:\n${log.slice(-4000)}`);
  const usage = JSON.parse(await readFile(usageFile, 'utf8')) as Usage;
  return { ...usage, seconds, outputs };
}
