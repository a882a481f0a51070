// The files of examples/workflows/, unchanged, run by act on a GitHub, an AWS and an internet that are on this machine:
// the called workflows and the bundle are this checkout's. What is different from GitHub:
// - `queue: max` is taken out of the called workflows, as act 0.2.89 does not know it.
// - The container is the one that answers at once; what the real one hears is in __tests__/bundle/main-job.test.ts.
// - __tests__/act/actions/ stands for actions/checkout, actions/upload-pages-artifact and actions/deploy-pages.
// - act starts what it is told: filters on branches and paths, approvals, concurrency and time limits are GitHub's. It does
//   not say whose the runner is, so that no disk is freed, nor which workflow was started: any of them is the deployment's.
// The tests are one story; each stands on the one before.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { FinishedRun } from '../helpers/act.ts';
import { exampleWorkflows } from '../helpers/act-actions.ts';
import { type ActRig, type Run, startActRig } from '../helpers/act-rig.ts';

const MINUTES = 60_000;
const execute = promisify(execFile);
const DEPLOY = '.github/workflows/deploy.yml';
const TRANSCRIBE = '.github/workflows/transcribe.yml';

let rig: ActRig;
let examples: Record<string, string>;

beforeAll(async () => {
  rig = await startActRig();
  examples = await exampleWorkflows();
  await rig.remote.seed(examples);
  // Quarters of an hour without work pass in seconds.
  await rig.aws.control('clock', { speed: 60 });
}, 15 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

const expectJobs = (run: FinishedRun, jobs: FinishedRun['jobs']): void => {
  const ended = Object.keys(jobs).every((job) => run.jobs[job] === jobs[job]);
  if (run.exitCode !== 0 || !ended)
    throw new Error(`act ended with ${run.exitCode}, ${JSON.stringify(run.jobs)}:\n${run.log}`);
};
const configuration = async () => {
  const { config } = await rig.aws.control<{ config: string }>('endpoints/whisper');
  return config;
};
/** What was changed in AWS since a mark, as `Operation key`. */
const mutations = async (mark: number) =>
  (await rig.aws.requests(mark))
    .filter(({ mutating, service }) => mutating && service !== 'sts')
    .map(({ operation, parameters }) => `${operation} ${parameters['Key'] ?? ''}`);
const changed = (text: string) => (examples[DEPLOY] ?? '').replace('model: large-v3-turbo', text);
/** The caller of transcribe.yml without one of its permissions. */
const without = (right: string) => (examples[TRANSCRIBE] ?? '').replace(new RegExp(`^ *${right}: write.*\\n`, 'm'), '');
/** Audio of which the container makes two seconds. */
const audio = (name: string) => Buffer.from(`${name}\n`.padEnd(32_000, '\0'));
const asleep = async () => {
  while ((await rig.aws.control<{ desired: number }>('endpoints/whisper')).desired > 0) await pause(200);
};

let first: string;

test(
  'deploy.yml, started by hand: the endpoint is there, made by the roles of infra/ with the tokens of its jobs',
  async () => {
    expectJobs(await rig.start('deploy.yml', 'workflow_dispatch'), { plan: 'success', deploy: 'success' });
    first = await configuration();
  },
  5 * MINUTES,
);

test(
  'transcribe.yml, after a push of a recording: its transcripts are committed',
  async () => {
    const run = await rig.push('transcribe.yml', { 'audio/hello.mp3': audio('hello') });
    expectJobs(run, { transcribe: 'success' });
    expect(await rig.show('transcripts/audio/hello.txt')).toMatch(/^32000 bytes \w+$/m);
    for (const format of ['srt', 'vtt', 'json']) {
      expect(await rig.show(`transcripts/audio/hello.${format}`)).toContain('32000 bytes');
    }
  },
  5 * MINUTES,
);

test(
  'deploy.yml, on a pull request: a plan as its only comment, which the next push writes over; nothing is changed',
  async () => {
    const mark = await rig.aws.mark();
    expectJobs(await rig.pullRequest('deploy.yml', { [DEPLOY]: changed('model: tiny') }), { plan: 'success' });
    const [comment] = rig.github.comments;
    const before = comment?.body;
    expect(before).toContain('model weights');
    expect(before).not.toContain('MaxCapacity');
    const more = changed('model: tiny').replace('max-instances: 1', 'max-instances: 2');
    expectJobs(await rig.pullRequest('deploy.yml', { [DEPLOY]: more }), { plan: 'success' });
    expect(rig.github.comments).toHaveLength(1);
    expect(rig.github.comments[0]?.body).toContain('MaxCapacity');
    expect(await mutations(mark)).toEqual([]);
  },
  5 * MINUTES,
);

test(
  'deploy.yml, after the merge: the endpoint is updated; after the revert it is as it was, and nothing is made again',
  async () => {
    await asleep();
    expectJobs(await rig.push('deploy.yml', { [DEPLOY]: changed('model: tiny') }), {
      plan: 'success',
      deploy: 'success',
    });
    expect(await configuration()).not.toBe(first);
    await asleep();
    const mark = await rig.aws.mark();
    expectJobs(await rig.push('deploy.yml', { [DEPLOY]: changed('model: large-v3-turbo') }), {
      plan: 'success',
      deploy: 'success',
    });
    expect(await configuration()).toBe(first);
    const made = (await mutations(mark)).filter((operation) => /^(Create|PutImage)|\/models\//.test(operation));
    expect(made).toEqual([]);
  },
  10 * MINUTES,
);

test(
  'deploy.yml, after a push of something else: nothing is planned, nothing is deployed',
  async () => {
    const mark = await rig.aws.mark();
    const run = await rig.push('deploy.yml', { 'README.md': 'A better podcast\n' });
    expectJobs(run, { plan: 'success' });
    expect(run.log).toContain('This push changes nothing that defines the deployment');
    expect(run.jobs).not.toHaveProperty('deploy');
    expect(await mutations(mark)).toEqual([]);
  },
  5 * MINUTES,
);

test(
  'deploy.yml, on a pull request of a fork: a notice, and not one request to AWS',
  async () => {
    const mark = await rig.aws.mark();
    const told = structuredClone(rig.github.comments);
    const run = await rig.pullRequest('deploy.yml', { [DEPLOY]: changed('model: base') }, true);
    expectJobs(run, { plan: 'success' });
    expect(run.log).toContain('This pull request comes from a fork');
    expect(rig.github.comments).toEqual(told);
    expect(await rig.aws.requests(mark)).toEqual([]);
  },
  5 * MINUTES,
);

test(
  'podcast.yml, on its schedule: the two newest episodes are transcribed and committed, and pages.yml is started',
  async () => {
    const episodes = ['one', 'two', 'three'].map((guid, index) => ({
      guid,
      title: `Episode ${guid}`,
      published: `2026-11-2${index}T05:00:00Z`,
      audio: audio(guid),
    }));
    rig.variables['WHISPER_FEEDS'] = rig.podcasts.publish('show', 'A show', episodes);
    expectJobs(await rig.start('podcast.yml', 'schedule'), { transcribe: 'success' });
    const files = await rig.remote.git(rig.remote.bare, 'ls-tree', '-r', '--name-only', 'main', 'transcripts/a-show/');
    const names = ['2026-11-21-episode-two', '2026-11-22-episode-three'];
    expect(files.trim().split('\n')).toEqual(
      names.flatMap((name) =>
        ['html', 'md', 'podcast.json', 'vtt'].map((format) => `transcripts/a-show/${name}.${format}`),
      ),
    );
    expect(rig.github.repository?.dispatched).toEqual(['pages.yml main']);
  },
  5 * MINUTES,
);

test(
  'pages.yml, which that one starts: the website links to the transcripts, and is deployed as an artifact of the run',
  async () => {
    const run = await rig.start('pages.yml', 'workflow_dispatch');
    expectJobs(run, { pages: 'success' });
    const folder = await downloaded(run, 'github-pages');
    await execute('tar', ['-xf', 'artifact.tar'], { cwd: folder });
    const index = await readFile(join(folder, 'index.html'), 'utf8');
    expect(index.match(/<li><a href="[^"]+">/g)).toHaveLength(2);
    for (const [, page = ''] of index.matchAll(/href="([^"]+)"/g)) {
      expect(await readFile(join(folder, decodeURIComponent(page)), 'utf8')).toContain('<audio');
    }
  },
  5 * MINUTES,
);

test(
  'transcribe.yml with `publish: artifact`: the transcripts come back out of the artifact, nothing is paid for twice',
  async () => {
    const mark = await rig.aws.mark();
    const run = await rig.push('transcribe.yml', {
      [TRANSCRIBE]: `${examples[TRANSCRIBE]?.trimEnd()}\n      publish: artifact\n`,
    });
    expectJobs(run, { transcribe: 'success' });
    const folder = await downloaded(run, 'transcripts');
    expect(await readFile(join(folder, 'audio', 'hello.txt'), 'utf8')).toBe(
      await rig.show('transcripts/audio/hello.txt'),
    );
    const invocations = (await rig.aws.requests(mark)).filter(({ operation }) => operation === 'InvokeEndpointAsync');
    expect(invocations).toEqual([]);
  },
  5 * MINUTES,
);

test(
  'transcribe.yml, copied without `contents: write`: a warning says so, and the transcripts are in an artifact',
  async () => {
    const run = await rig.push('transcribe.yml', {
      [TRANSCRIBE]: without('contents'),
      'audio/more.mp3': audio('more'),
    });
    expectJobs(run, { transcribe: 'success' });
    expect(run.log).toMatch(/::warning::No permission to push .+ Give the job permissions: contents: write/);
    const folder = await downloaded(run, 'transcripts');
    expect(await readFile(join(folder, 'audio', 'more.txt'), 'utf8')).toContain('32000 bytes');
    expect(await rig.show('transcripts/audio/more.txt')).toBeUndefined();
  },
  5 * MINUTES,
);

test(
  'transcribe.yml, copied without `id-token: write`: it fails with what to add, and asks nothing of AWS',
  async () => {
    const mark = await rig.aws.mark();
    const run = await rig.push('transcribe.yml', { [TRANSCRIBE]: without('id-token') });
    expect(run.jobs).toEqual({ transcribe: 'failure' });
    expect(run.log).toContain('Add `permissions: id-token: write` to the job');
    expect(await rig.aws.requests(mark)).toEqual([]);
  },
  5 * MINUTES,
);

/** A folder with what is in an artifact, as the client of GitHub gets it. */
async function downloaded(run: Run, name: string): Promise<string> {
  Object.assign(process.env, run.artifacts);
  // It tells everything that it does.
  const printed = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const { DefaultArtifactClient } = await import('@actions/artifact');
  const client = new DefaultArtifactClient();
  const { artifact } = await client.getArtifact(name);
  const path = await mkdtemp(join(rig.remote.folder, 'artifact-'));
  const { digestMismatch } = await client.downloadArtifact(artifact.id, { path, expectedHash: artifact.digest ?? '' });
  printed.mockRestore();
  expect(digestMismatch).toBe(false);
  return path;
}
