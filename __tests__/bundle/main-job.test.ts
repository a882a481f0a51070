// The main job on real parts: the bundle as a runner starts it, our own container with real weights, a real registry,
// a real git remote and a real artifact service. The tests are one story; each stands on the one before.
import { execFile, execFileSync } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LocalAws, run, startLocalAws } from '../../script/lib/local-aws.ts';
import { type LocalPart, startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import { podcastRepository, SPEECH } from '../../script/lib/podcast.ts';
import { type ActionResult, root, runAction } from '../../script/lib/runner.ts';
import { startGitHubApi } from '../helpers/github-api.ts';

const MINUTES = 60_000;
const ASK_NOT = 'ask not what your country can do for you';

let aws: LocalAws;
let python: string;
/** Folder of the programs that the clients of examples/clients/ need. */
let clients: string;
let work: string;
let workspace: string;
let git: LocalPart;
let artifacts: LocalPart;
const weights: Record<string, string> = {};

beforeAll(async () => {
  aws = await startLocalAws();
  python = await virtualEnvironment();
  clients = dirname(await virtualEnvironment('clients', '__tests__/bundle/clients.txt'));
  for (const model of ['tiny.en', 'base']) weights[model] = (await run(python, ['-m', 'local.weights', model])).trim();
  work = await mkdtemp(join(tmpdir(), 'main-job-'));
  git = await startLocalPart(python, 'gitserver', ['--dir', join(work, 'remote')]);
  artifacts = await startLocalPart(python, 'artifacts', ['--dir', join(work, 'artifacts')]);
  workspace = join(work, 'podcast');
  await podcastRepository(git.lines[0] ?? '', workspace);
}, 15 * MINUTES);

afterAll(async () => {
  await artifacts?.stop();
  await git?.stop();
  await aws?.stop();
  await rm(work, { recursive: true, force: true });
}, 2 * MINUTES);

/** A step of the action, from this checkout or from `action`, a changed copy of it. */
const step = (inputs: Record<string, string>, environment: Record<string, string> = {}, action = root) =>
  runAction({ inputs, environment: { ...aws.environment, ...environment }, workspace, action });

const endpointInputs = (model: string) => ({
  model: weights[model] ?? '',
  'execution-role-arn': aws.environment['WHISPER_EXECUTION_ROLE_ARN'] ?? '',
  'instance-type': 'ml.c7i.xlarge',
  // The transcription before keeps the instance busy for minutes, as the metrics tell it.
  'when-busy': 'update',
  'base-image': aws.environment['WHISPER_BASE_IMAGE'] ?? '',
});

const deploy = (model: string, action = root): Promise<ActionResult> =>
  step({ mode: 'deploy', ...endpointInputs(model) }, {}, action);

const changesOf = (result: ActionResult): { resource: string; action: string }[] =>
  JSON.parse(result.outputs['changes'] ?? '[]');

const expectSuccess = (result: ActionResult): void => {
  if (result.exitCode !== 0) throw new Error(`The step failed:\n${result.log}`);
};

let first: ActionResult;

test(
  'deploy builds, pushes and serves our container with the weights',
  async () => {
    first = await deploy('tiny.en');
    expectSuccess(first);
    expect(first.outputs).toMatchObject({ 'endpoint-name': 'whisper', changed: 'true' });
    expect(first.outputs['endpoint-arn']).toBe('arn:aws:sagemaker:us-east-1:123456789012:endpoint/whisper');
    expect(first.outputs['image-digest']).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(first.outputs['model-data']).toMatch(
      /^s3:\/\/whisper-sagemaker-123456789012-us-east-1\/whisper\/models\/\w+\/$/,
    );
    expect(first.summary).toMatch(/endpoint/i);
  },
  20 * MINUTES,
);

test(
  'deploy again changes nothing',
  async () => {
    const mark = await aws.mark();
    const again = await deploy('tiny.en');
    expectSuccess(again);
    expect(again.outputs).toMatchObject({
      changed: 'false',
      changes: '[]',
      'image-digest': first.outputs['image-digest'],
    });
    const requests = await aws.requests(mark);
    expect(requests.filter((request) => request.mutating)).toEqual([]);
    expect(requests.length).toBeLessThanOrEqual(15);
    expect(requests[0]).toMatchObject({ operation: 'GetCallerIdentity' });
  },
  5 * MINUTES,
);

test(
  'a plan changes nothing, and is told on its pull request; one without quota fails, and its comment says so',
  async () => {
    const token = { login: 'github-actions[bot]', rights: 'write' } as const;
    const github = await startGitHubApi('/repos/someone/podcast/issues/7', { token });
    const event = join(work, 'event.json');
    await writeFile(event, JSON.stringify({ pull_request: { number: 7, head: { sha: 'c0ffee'.repeat(6) } } }));
    const environment = {
      GITHUB_API_URL: github.url,
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: event,
    };
    const inputs = { mode: 'plan', ...endpointInputs('tiny.en'), 'github-token': 'token' };
    await aws.control('quota', { 'ml.c7i.2xlarge': 0 });
    const mark = await aws.mark();
    try {
      const same = await step(inputs, environment);
      expectSuccess(same);
      expect(same.outputs).toMatchObject({ changed: 'false', 'image-digest': first.outputs['image-digest'] });
      expect(changesOf(same).every(({ action }) => action === 'unchanged')).toBe(true);
      expect(github.comments[0]?.body).toContain('Nothing to change');

      const refused = await step({ ...inputs, 'instance-type': 'ml.c7i.2xlarge' }, environment);
      expect(refused.exitCode).toBe(1);
      expect(refused.errors).toEqual([expect.stringContaining('"ml.c7i.2xlarge for endpoint usage" is 0')]);
      expect(refused.outputs).toMatchObject({ 'endpoint-name': 'whisper', changed: 'true' });
      expect(refused.summary).toMatch(/^\| endpoint \|.*\| update \|.*InstanceType/m);
      expect(github.comments).toHaveLength(1);
      expect(github.comments[0]?.body).toContain('A deploy would fail.');
      expect((await aws.requests(mark)).filter((request) => request.mutating)).toEqual([]);
    } finally {
      await aws.control('quota', { 'ml.c7i.2xlarge': null });
      await github.stop();
    }
  },
  5 * MINUTES,
);

test(
  'transcribe commits and pushes the transcripts; what is no audio fails by name and stops nobody',
  async () => {
    await writeFile(join(workspace, 'audio', 'notes.mp3'), 'These are my notes. They are not audio.\n'.repeat(100));
    const result = await step({ mode: 'transcribe', files: 'audio/*.mp3', publish: 'commit' });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ 'files-found': '3', transcribed: '2', failed: '1', pending: '0' });
    expect(result.errors.some((error) => error.includes('notes.mp3') || /audio/.test(error))).toBe(true);

    const other = join(work, 'other');
    execFileSync('git', ['clone', '--quiet', '--branch', 'main', git.lines[0] ?? '', other]);
    expect(execFileSync('git', ['rev-parse', 'HEAD'], { cwd: other, encoding: 'utf8' }).trim()).toBe(
      result.outputs['commit-sha'],
    );
    const files = (await readdir(join(other, 'transcripts', 'audio'))).toSorted();
    expect(files).toEqual(SPEECH.flatMap((name) => ['json', 'srt', 'txt', 'vtt'].map((format) => `${name}.${format}`)));
    const spoken = (await readFile(join(other, 'transcripts', 'audio', 'ask-not.txt'), 'utf8')).replaceAll(/\s+/g, ' ');
    expect(spoken).toContain(ASK_NOT);
    expect(await readFile(join(other, 'transcripts', 'audio', 'ask-not.srt'), 'utf8')).toMatch(
      /^1\n00:00:0\d,\d{3} --> /,
    );
    // No word of a transcript in the log.
    expect(result.log).not.toContain('your country');
    await rm(join(workspace, 'audio', 'notes.mp3'));
  },
  10 * MINUTES,
);

test(
  'transcribe again, as an artifact: nothing is paid for twice',
  async () => {
    const mark = await aws.mark();
    const environment = Object.fromEntries(artifacts.lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
    const result = await step({ mode: 'transcribe', files: 'audio/*.mp3', publish: 'artifact' }, environment);
    expectSuccess(result);
    expect(result.outputs).toMatchObject({ 'files-found': '2', transcribed: '0', reused: '2', failed: '0' });
    expect(Number(result.outputs['artifact-id'])).toBeGreaterThan(0);
    expect((await aws.requests(mark)).filter((request) => request.operation === 'InvokeEndpointAsync')).toEqual([]);
  },
  5 * MINUTES,
);

test(
  "the article's own request runs unchanged",
  async () => {
    const bucket = (first.outputs['model-data'] ?? '').split('/')[2] ?? '';
    const script = join(import.meta.dirname, 'article_request.py');
    const speech = join(root, 'examples', 'speech', 'ask-not.mp3');
    const text = execFileSync(python, [script, 'whisper', bucket, speech], {
      encoding: 'utf8',
      env: { ...process.env, ...aws.environment, AWS_DEFAULT_REGION: aws.environment['AWS_REGION'] },
    });
    expect(text.replaceAll(/\s+/g, ' ')).toContain(ASK_NOT);
  },
  5 * MINUTES,
);

test(
  'the endpoint answers without the action: boto3, the AWS CLI, JavaScript',
  async () => {
    const bucket = (first.outputs['model-data'] ?? '').split('/')[2] ?? '';
    const environment = {
      ...process.env,
      ...aws.environment,
      AWS_DEFAULT_REGION: aws.environment['AWS_REGION'],
      PATH: `${clients}:${process.env['PATH']}`,
    };
    const run = (program: string, file: string, recording: string) =>
      promisify(execFile)(
        program,
        [join(root, 'examples', 'clients', file), 'whisper', bucket, join(root, recording)],
        {
          env: environment,
        },
      );
    const programs = [
      ['python', 'transcribe.py'],
      ['bash', 'transcribe.sh'],
      [process.execPath, 'transcribe.mjs'],
    ] as const;
    // All at once: each waits some seconds between two looks. What is no audio ends a client at once, not after hours.
    const runs = programs.map(async ([program, file]) => {
      const [speech, noAudio] = await Promise.allSettled([
        run(program, file, 'examples/speech/ask-not.mp3'),
        run(program, file, 'README.md'),
      ]);
      return { file, text: speech, reason: noAudio };
    });
    for (const { file, text, reason } of await Promise.all(runs)) {
      const spoken = text.status === 'fulfilled' ? text.value.stdout.replaceAll(/\s+[\d.]*\s*/g, ' ') : text.reason;
      expect([file, spoken]).toEqual([file, expect.stringContaining(ASK_NOT)]);
      expect([file, reason.status === 'rejected' ? String(reason.reason) : 'no error']).toEqual([
        file,
        expect.stringContaining('bad_audio'),
      ]);
    }
  },
  5 * MINUTES,
);

test(
  'a changed container is built and deployed, the model stays',
  async () => {
    const changed = await changedAction(join('container', 'inference.py'), '\n# changed\n');
    const result = await deploy('tiny.en', changed);
    expectSuccess(result);
    expect(result.outputs['image-digest']).not.toBe(first.outputs['image-digest']);
    expect(result.outputs['model-data']).toBe(first.outputs['model-data']);
    expect(changesOf(result)).toContainEqual(expect.objectContaining({ resource: 'endpoint', action: 'update' }));
  },
  10 * MINUTES,
);

test(
  'a changed model is uploaded and deployed; it transcribes anew what is to be redone, and nothing else',
  async () => {
    const result = await deploy('base');
    expectSuccess(result);
    expect(result.outputs['model-data']).not.toBe(first.outputs['model-data']);
    const inputs = { mode: 'transcribe', files: 'audio/ask-not.mp3', publish: 'none', formats: 'txt,html' };
    const kept = await step(inputs);
    expectSuccess(kept);
    expect(kept.outputs).toMatchObject({ transcribed: '0', reused: '1' });
    expect(kept.log).toContain('redo: changed');
    const redone = await step({ ...inputs, redo: 'changed' });
    expectSuccess(redone);
    expect(redone.outputs).toMatchObject({ transcribed: '1', reused: '0' });
    expect(JSON.parse(redone.outputs['report'] ?? '')).toMatchObject([{ state: 'transcribed', language: 'en' }]);
    // Its style and script are files that ship with the action.
    const page = await readFile(join(workspace, 'transcripts', 'audio', 'ask-not.html'), 'utf8');
    expect(page).toContain('<audio');
    expect(page).toContain('Content-Security-Policy');
  },
  10 * MINUTES,
);

/** A copy of the action with a line added to one of its files. */
async function changedAction(file: string, addition: string): Promise<string> {
  const copy = join(work, 'action');
  await mkdir(copy);
  for (const name of ['dist', 'container', 'assets', 'package.json']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await appendFile(join(copy, file), addition);
  return copy;
}
