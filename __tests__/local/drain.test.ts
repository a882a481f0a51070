import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { activityOf, readWork } from '../../src/aws/endpoint-work.js';
import { openBucket } from '../../src/aws/objects.js';
import type { Clock } from '../../src/clock.js';
import type { Context } from '../../src/context.js';
import { deploy } from '../../src/deploy/deploy.js';
import { plan } from '../../src/deploy/plan.js';
import { startProgress } from '../../src/deploy/progress.js';
import { Interrupted, type UserError } from '../../src/errors.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';
import { BUCKET } from '../helpers/transcribe-on-local-aws.ts';

const MINUTES = 60_000;
/** Simulated seconds a real second: metrics come once a simulated minute. */
const SPEED = 60;
const NAMES = ['patient', 'starved', 'hasty', 'stopped', 'asleep', 'claimed'];

let rig: DeployRig;
let clock: Clock;

beforeAll(async () => {
  rig = await startDeployRig();
  await rig.deploy({ endpointName: 'first', verify: false });
  await Promise.all(NAMES.map((name) => rig.deploy(settings(name))));
  const { now } = await rig.aws.control<{ now: string }>('clock', { speed: SPEED });
  const [start, real] = [Date.parse(now), performance.now()];
  clock = {
    now: () => start + (performance.now() - real) * SPEED,
    sleep: (milliseconds, signal) => pause(Math.max(milliseconds / SPEED, 100), undefined, signal ? { signal } : {}),
  };
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

const settings = (endpointName: string, overrides: Partial<DeploySettings> = {}): Partial<DeploySettings> => ({
  endpointName,
  instanceTypes: ['ml.g5.xlarge'],
  verify: false,
  // Nothing but what a test does takes instances away.
  idleMinutes: 720,
  ...overrides,
});

/** A deploy of another configuration, in simulated time. */
async function change(endpointName: string, overrides: Partial<DeploySettings>, stop?: AbortController) {
  const lines: string[] = [];
  const note = (line: string) => {
    lines.push(line);
    if (line.includes('waits for its end')) stop?.abort(new Error('Stopped by SIGINT.'));
  };
  const context: Context = { ...rig.context(stop?.signal), clock };
  const log = { ...context.log, info: note, warning: note };
  const wanted = rig.settings(
    settings(endpointName, { computeType: 'int8', waitMinutes: 60, whenBusy: 'wait', ...overrides }),
  );
  const error = await deploy({ ...context, log }, wanted, startProgress(context, wanted.waitMinutes)).then(
    () => undefined,
    (problem: unknown) => problem as UserError,
  );
  return { lines, error };
}

/** Sends a request that takes so many simulated minutes, as any client does. Returns the key of its answer. */
async function send(EndpointName: string, minutes: number): Promise<string> {
  const [s3, runtime] = await Promise.all([rig.clients.s3(), rig.clients.runtime()]);
  const Key = `${EndpointName}/input/long.mp3`;
  await s3.putObject({ Bucket: BUCKET, Key, Body: `sleep:${(minutes * 60) / SPEED}\n${'.'.repeat(16_000)}` });
  const { OutputLocation = '' } = await runtime.invokeEndpointAsync({
    EndpointName,
    InputLocation: `s3://${BUCKET}/${Key}`,
    ContentType: 'audio/mpeg',
    Accept: 'application/json',
  });
  return OutputLocation.replace(`s3://${BUCKET}/`, '');
}

const exists = async (key: string) => (await bucket()).exists(key);
const bucket = () => openBucket(rig.clients, BUCKET, '123456789012', new AbortController().signal);
const atWork = async (name: string) => {
  const work = await readWork({ ...rig.context(), clock }, name);
  return work !== undefined && activityOf(work).state === 'working';
};
const updated = async (EndpointName: string) => {
  const sagemaker = await rig.clients.sagemaker();
  const { EndpointConfigName } = await sagemaker.describeEndpoint({ EndpointName });
  const { ProductionVariants } = await sagemaker.describeEndpointConfig({ EndpointConfigName });
  const { PrimaryContainer } = await sagemaker.describeModel({ ModelName: ProductionVariants?.[0]?.ModelName });
  return PrimaryContainer?.Environment?.['WHISPER_COMPUTE_TYPE'] === 'int8';
};

test(
  'an update waits for work, gives up in time, or cuts it off when it is told to',
  async () => {
    const sent = Object.fromEntries(
      await Promise.all(
        ['patient', 'starved', 'hasty', 'stopped'].map(async (name) => [name, await send(name, 9)] as const),
      ),
    );
    for (const name of Object.keys(sent)) await waitFor(() => atWork(name));

    const wanted = rig.settings(settings('patient', { computeType: 'int8', whenBusy: 'wait' }));
    const planned = await plan({ ...rig.context(), clock }, wanted, startProgress({ clock }, 60));
    expect(planned.changes.find(({ resource }) => resource === 'endpoint')?.note).toMatch(
      /^Work is under way: 1 instance at work.*waited for, 60 minutes at most/,
    );

    const [patient, starved, hasty, stopped] = await Promise.all([
      change('patient', {}),
      change('starved', { drainMinutes: 2 }),
      change('hasty', { whenBusy: 'update' }),
      change('stopped', {}, new AbortController()),
    ]);
    expect(patient.error).toBeUndefined();
    expect(patient.lines).toContainEqual(
      expect.stringMatching(/^Work is under way, and the update of patient waits for its end: .* left$/),
    );
    expect(patient.lines).toContainEqual(expect.stringMatching(/^No work is under way any more/));
    expect(await updated('patient')).toBe(true);
    expect(await exists(sent['patient'] ?? '')).toBe(true);

    expect(starved.error).toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(/^Work is still under way after 2\.\d minutes, so the update of starved was not/),
      remedy: expect.stringMatching(/drain-minutes.*pause the schedule.*when-busy: update/),
    });
    expect(await updated('starved')).toBe(false);
    await waitFor(() => exists(sent['starved'] ?? ''));

    expect(hasty.error).toBeUndefined();
    expect(hasty.lines).toContainEqual(expect.stringMatching(/^Work is cut off by the update of hasty/));
    expect(await updated('hasty')).toBe(true);
    expect(await exists(sent['hasty'] ?? '')).toBe(false);

    expect(stopped.error).toBeInstanceOf(Interrupted);
    expect(stopped.error?.message).toMatch(/^Stopped by SIGINT\. It waited for work before the update of stopped/);
    expect(await updated('stopped')).toBe(false);
  },
  3 * MINUTES,
);

test(
  'a request that transcribe has just sent, and that no metric shows yet, is waited for by its claim',
  async () => {
    const objects = await bucket();
    const output = 'claimed/output/abc/1.out';
    const claim = {
      version: 1,
      state: 'sent',
      audio: '0'.repeat(64),
      inferenceId: '1'.repeat(32),
      output: `s3://${BUCKET}/${output}`,
      sent: new Date(clock.now()).toISOString(),
      owner: 'someone/podcast run 7',
      attempt: 1,
      deadline: new Date(clock.now() + 6 * 60 * MINUTES).toISOString(),
    };
    await objects.writeText('claimed/jobs/abc.json', JSON.stringify(claim), 'application/json');
    const changing = change('claimed', {});
    await pause(2_500);
    expect(await updated('claimed')).toBe(false);
    await objects.writeText(output, '{}', 'application/json');
    const { lines, error } = await changing;
    expect(error).toBeUndefined();
    expect(lines).toContainEqual(
      expect.stringMatching(/waits for its end: requests that were just sent; claimed: abc by someone\/podcast/),
    );
    expect(await updated('claimed')).toBe(true);
  },
  MINUTES,
);

test(
  'nothing is waited for, and little is asked, where no instance runs',
  async () => {
    const sagemaker = await rig.clients.sagemaker();
    await sagemaker.updateEndpointWeightsAndCapacities({
      EndpointName: 'asleep',
      DesiredWeightsAndCapacities: [{ VariantName: 'AllTraffic', DesiredInstanceCount: 0 }],
    });
    await waitFor(async () => {
      const { EndpointStatus, ProductionVariants } = await sagemaker.describeEndpoint({ EndpointName: 'asleep' });
      return EndpointStatus === 'InService' && ProductionVariants?.[0]?.CurrentInstanceCount === 0;
    });
    const requests = await rig.requestsOf(async () => {
      const { lines, error } = await change('asleep', {});
      expect(error).toBeUndefined();
      expect(lines.filter((line) => line.toLowerCase().includes('work'))).toEqual([]);
    });
    expect(requests.filter(({ operation }) => operation === 'GetMetricData').length).toBeLessThanOrEqual(1);
    expect(await updated('asleep')).toBe(true);
  },
  MINUTES,
);

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + MINUTES; Date.now() < until; ) {
    if (await condition()) return;
    await pause(100);
  }
  throw new Error('What was waited for did not come.');
}
