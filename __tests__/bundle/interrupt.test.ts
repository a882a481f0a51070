// A run that is stopped, as a runner does it: SIGINT to the bundle, while an image is built, while AWS is waited for and while
// files are transcribed; and one that is killed without a word, with the step's post.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ActionResult, root, runAction } from '../../script/lib/runner.ts';
import { audio, startTranscribeRig, type TranscribeRig } from '../helpers/transcribe-on-local-aws.ts';

const MINUTES = 60_000;
/** Milliseconds after which the runner sends SIGTERM. The action itself takes two seconds at most; machines are noisy. */
const UNTIL_SIGTERM = 7_500;
/** In the environment of the step, and so of everything that it starts. */
const MARK = `INTERRUPT_TEST=${process.pid}.${Date.now()}`;

let rig: TranscribeRig;
beforeAll(async () => {
  rig = await startTranscribeRig();
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

/** Runs a deploy, or what the inputs say, and stops it when it logs such a line. */
async function stopped(inputs: Record<string, string>, at: RegExp, workspace = root): Promise<ActionResult> {
  const abort = new AbortController();
  let sent = 0;
  const [name = '', value = ''] = MARK.split('=');
  const settings = rig.settings();
  const result = await runAction({
    inputs: {
      mode: 'deploy',
      model: settings.model.kind === 'folder' ? settings.model.path : '',
      'execution-role-arn': settings.executionRoleArn,
      'instance-type': 'ml.c7i.xlarge',
      ...inputs,
    },
    environment: { ...rig.aws.environment, [name]: value },
    workspace,
    signal: abort.signal,
    onLine: (line) => {
      if (sent > 0 || !at.test(line)) return;
      sent = performance.now();
      abort.abort();
    },
  });
  if (sent === 0) throw new Error(`The step ended before it could be stopped:\n${result.log}`);
  expect(performance.now() - sent).toBeLessThan(UNTIL_SIGTERM);
  expect(result.exitCode).toBe(1);
  return result;
}

/** Command lines of the processes that a step has started and that are still there. */
async function left(): Promise<string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    processes.map(async (id) => {
      const environment = await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '');
      return environment.includes(MARK) ? [await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => id)] : [];
    }),
  );
  return found.flat();
}

test(
  'while the endpoint is waited for: it says what AWS goes on doing, and the next run goes on',
  async () => {
    await rig.deploy({ endpointName: 'waiting', instanceTypes: ['ml.c7i.xlarge'], verify: false });
    await rig.aws.control('endpoints/waiting', { status: 'SystemUpdating', seconds: 3600 });
    const imageUri = rig.settings().imageUri ?? '';
    const inputs = { 'endpoint-name': 'waiting', 'image-uri': imageUri, 'compute-type': 'float32' };
    const { errors, outputs } = await stopped(inputs, /^Endpoint waiting: SystemUpdating/);
    expect(errors).toEqual([
      expect.stringMatching(
        /^Stopped by SIGINT\. The endpoint waiting goes on in AWS: SystemUpdating\.\nRun the step again/,
      ),
    ]);
    // What was made until then is told.
    expect(JSON.parse(outputs['changes'] ?? '[]')).toContainEqual(expect.objectContaining({ resource: 'model' }));
    expect(await left()).toEqual([]);

    await rig.aws.control('endpoints/waiting', { status: 'InService' });
    const next = await rig.deploy({
      endpointName: 'waiting',
      instanceTypes: ['ml.c7i.xlarge'],
      computeType: 'float32',
      verify: false,
    });
    expect(next.changes.map(({ action, resource }) => `${action} ${resource}`)).toEqual(['update endpoint']);
  },
  3 * MINUTES,
);

test(
  'while an image is built: no child is left',
  async () => {
    const inputs = { 'endpoint-name': 'building', 'base-image': rig.aws.environment['WHISPER_BASE_IMAGE'] ?? '' };
    const { errors } = await stopped(inputs, /Step \d|^#\d|RUN /);
    expect(errors).toEqual([expect.stringMatching(/^Stopped by SIGINT\.\s+Run the step again/)]);
    expect(await left()).toEqual([]);
  },
  5 * MINUTES,
);

const transcription = { mode: 'transcribe', files: '*.mp3', publish: 'none' };

test(
  'while files are transcribed: what is finished is brought home',
  async () => {
    const workspace = await rig.workspace({ 'now.mp3': audio(), 'later.mp3': audio(2, 'sleep:8') });
    const { errors, outputs } = await stopped(transcription, /\b1 of 2 done/, workspace);
    expect(errors).toEqual([expect.stringMatching(/^Stopped by SIGINT\. 1 of 2 files are done, 1 (?:is|are) left/)]);
    expect(JSON.parse(outputs['transcripts'] ?? '[]')).toContain('transcripts/now.srt');
    expect(await readdir(join(workspace, 'transcripts'))).toContain('now.srt');
    expect(outputs).toMatchObject({ transcribed: '1', pending: '1', failed: '0' });
    expect(await left()).toEqual([]);
  },
  2 * MINUTES,
);

test(
  'killed before it has sent what it claimed: the post sets that free, and has nothing to do after a run that ends by itself',
  async () => {
    const workspace = await rig.workspace({ '1.mp3': audio(), '2.mp3': audio() });
    const before = new Set(await rig.keys());
    const claims = async () => (await rig.keys()).filter((key) => key.startsWith('jobs/') && !before.has(key));
    // The uploads come to nothing for as long as it lives.
    const where = { Key: '*/input/*' };
    await rig.aws.control('faults', { service: 's3', operation: 'PutObject', error: 'SlowDown', times: 1000, where });
    const kill = new AbortController();
    const step = { inputs: transcription, environment: rig.aws.environment, workspace };
    const killed = runAction({ ...step, signal: kill.signal, kill: 'SIGKILL' });
    while ((await claims()).length < 2) await pause(50);
    kill.abort();
    const { exitCode, post } = await killed;
    expect([exitCode, post]).toEqual([null, '2 files that were not sent are free for the next run at once.\n']);
    expect(await claims()).toEqual([]);

    await rig.aws.control('faults', {});
    const requests = await rig.requestsOf(async () => {
      const next = await runAction(step);
      expect([next.outputs['transcribed'], next.post]).toEqual(['2', '']);
    });
    expect(requests.filter(({ action }) => action === 'sts:GetCallerIdentity')).toHaveLength(1);
  },
  2 * MINUTES,
);
