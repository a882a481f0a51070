import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Clock } from '../../src/clock.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { audio, startTranscribeRig, states, type TranscribeRig } from '../helpers/transcribe-on-local-aws.ts';

const MINUTES = 60_000;
/** Simulated seconds a real second. */
const SPEED = 100;
const IDLE_MINUTES = 3;
/** Longer than what is taken for idle, metrics' delay included. */
const LONG = 9;

/** Whether requests that are being worked on count as backlog: AWS's pages tell both. */
const READINGS = [
  { title: 'counting what is worked on, too', reading: 'counts', counts_running: true },
  { title: 'counting only what waits', reading: 'waits', counts_running: false },
];

let rig: TranscribeRig;
let clock: Clock;

/** A file that keeps the endpoint busy for so many simulated minutes. */
const job = (minutes: number) => audio(1, `sleep:${(minutes * 60) / SPEED}`);
const settings = (endpointName: string, overrides: Partial<DeploySettings> = {}): Partial<DeploySettings> => ({
  endpointName,
  instanceTypes: ['ml.g5.xlarge'],
  idleMinutes: IDLE_MINUTES,
  backlogPerInstance: 1,
  whenBusy: 'update',
  verify: false,
  ...overrides,
});
const transcribe = async (endpointName: string, workspace: string, waitMinutes = 240) =>
  states(await rig.transcribe(workspace, { clock, settings: { endpointName, waitMinutes } }));

interface Endpoint {
  desired: number;
  in_service: number;
  queued: number;
  running: number;
}
const endpoint = (name: string) => rig.aws.control<Endpoint>(`endpoints/${name}`);

/** Waits for a state of an endpoint; the limit is only there to end a broken test. */
async function until(name: string, holds: (endpoint: Endpoint) => boolean): Promise<void> {
  const end = Date.now() + 2 * MINUTES;
  for (;;) {
    const now = await endpoint(name);
    if (holds(now)) return;
    if (Date.now() > end) throw new Error(`${name} is ${JSON.stringify(now)}`);
    await pause(50);
  }
}
const asleep = ({ desired, in_service }: Endpoint) => desired === 0 && in_service === 0;

/** Every count of instances that was wanted while `body` ran, and the most that served. */
async function counting(name: string, body: () => Promise<void>): Promise<{ wanted: number[]; most: number }> {
  const wanted: number[] = [];
  let most = 0;
  let over = false;
  const watching = (async () => {
    for (let last = false; !last; await pause(100)) {
      last = over;
      const now = await endpoint(name);
      if (wanted.at(-1) !== now.desired) wanted.push(now.desired);
      most = Math.max(most, now.in_service);
    }
  })();
  await body().finally(() => {
    over = true;
  });
  await watching;
  return { wanted, most };
}

/** One long job, and another one as soon as the instance has been taken away. */
async function single(name: string) {
  const seen: Record<string, string>[] = [];
  const counts = await counting(name, async () => {
    await until(name, asleep);
    seen.push(await transcribe(name, await rig.workspace({ 'audio/long.mp3': job(LONG) })));
    await until(name, asleep);
    seen.push(await transcribe(name, await rig.workspace({ 'audio/next.mp3': job(1) })));
  });
  return { ...counts, seen };
}

/** Many short jobs and a long one. */
async function burst(name: string) {
  let seen: Record<string, string> = {};
  const files = Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`audio/${n}.mp3`, job(2)]));
  const counts = await counting(name, async () => {
    await until(name, asleep);
    seen = await transcribe(name, await rig.workspace({ 'audio/long.mp3': job(LONG + 6), ...files }));
    await until(name, asleep);
  });
  return { ...counts, seen };
}

/** The article's way down: one minute with a backlog of less than one request an instance. */
async function scaleInAsTheArticleDoes(name: string): Promise<void> {
  const [autoscaling, cloudwatch] = await Promise.all([rig.clients.autoscaling(), rig.clients.cloudwatch()]);
  const { PolicyARN } = await autoscaling.putScalingPolicy({
    ServiceNamespace: 'sagemaker',
    ResourceId: `endpoint/${name}/variant/AllTraffic`,
    ScalableDimension: 'sagemaker:variant:DesiredInstanceCount',
    PolicyName: `${name}-article`,
    PolicyType: 'StepScaling',
    StepScalingPolicyConfiguration: {
      AdjustmentType: 'ChangeInCapacity',
      StepAdjustments: [{ MetricIntervalUpperBound: 0, ScalingAdjustment: -1 }],
      Cooldown: 60,
    },
  });
  await cloudwatch.deleteAlarms({ AlarmNames: [`${name}-idle`] });
  await cloudwatch.putMetricAlarm({
    AlarmName: `${name}-article`,
    Namespace: 'AWS/SageMaker',
    MetricName: 'ApproximateBacklogSizePerInstance',
    Dimensions: [{ Name: 'EndpointName', Value: name }],
    Statistic: 'Average',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    AlarmActions: [PolicyARN ?? ''],
  });
}

async function cutByTheArticle(name: string) {
  await scaleInAsTheArticleDoes(name);
  await until(name, asleep);
  const workspace = await rig.workspace({ 'audio/article.mp3': job(LONG) });
  const first = await transcribe(name, workspace, 1);
  await until(name, ({ running }) => running === 1);
  await until(name, (now) => asleep(now) && now.running + now.queued === 0);
  const cloudwatch = await rig.clients.cloudwatch();
  await cloudwatch.deleteAlarms({ AlarmNames: [`${name}-article`] });
  await rig.deploy(settings(name));
  return { first, second: await transcribe(name, workspace) };
}

async function cutByAnUpdate(name: string) {
  const workspace = await rig.workspace({ 'audio/updated.mp3': job(LONG) });
  const first = await transcribe(name, workspace, 1);
  await until(name, ({ running }) => running === 1);
  await rig.deploy(settings(name, { computeType: 'int8' }));
  return { first, second: await transcribe(name, workspace) };
}

const SCARCE = 'ml.g4dn.2xlarge';

/** AWS has no instance when the first request comes, and has one later. */
async function starved(name: string) {
  await until(name, asleep);
  await rig.aws.control('capacity', { [SCARCE]: 0 });
  const workspace = await rig.workspace({ 'audio/starved.mp3': job(1) });
  const lines: string[] = [];
  const run = rig.transcribe(workspace, { clock, lines, settings: { endpointName: name } });
  const why = () => lines.find((line) => line.includes('AWS has no instance of this type'));
  for (const end = Date.now() + 2 * MINUTES; why() === undefined && Date.now() < end; ) await pause(50);
  await rig.aws.control('capacity', { [SCARCE]: null });
  const result = await run;
  return { why: why(), lines, seen: states(result), instances: result.instances.map(({ instances }) => instances) };
}

/** The utilisation by EndpointName alone: a metric that nobody publishes. */
async function blind(name: string): Promise<void> {
  const cloudwatch = await rig.clients.cloudwatch();
  const { MetricAlarms: [alarm] = [] } = await cloudwatch.describeAlarms({ AlarmNames: [`${name}-idle`] });
  for (const { MetricStat } of alarm?.Metrics ?? []) MetricStat?.Metric?.Dimensions?.splice(1);
  const { AlarmName, Metrics, EvaluationPeriods, Threshold, ComparisonOperator, TreatMissingData, AlarmActions } =
    alarm ?? {};
  await cloudwatch.putMetricAlarm({
    AlarmName,
    Metrics,
    EvaluationPeriods,
    Threshold,
    ComparisonOperator,
    TreatMissingData,
    AlarmActions,
  });
}

/** Every story on an endpoint of its own, all at once, in one simulated hour. */
async function tell() {
  const both = async <T>(kind: string, story: (name: string) => Promise<T>) =>
    new Map(
      await Promise.all(READINGS.map(async ({ reading }) => [reading, await story(`${kind}-${reading}`)] as const)),
    );
  const [one, many, article, updated, scarce] = await Promise.all([
    both('single', single),
    both('burst', burst),
    cutByTheArticle('article'),
    cutByAnUpdate('updated'),
    starved('scarce'),
  ]);
  return { single: one, burst: many, article, updated, scarce };
}

let told: Awaited<ReturnType<typeof tell>>;
let invocations: number;

beforeAll(async () => {
  rig = await startTranscribeRig(settings('article'));
  await rig.aws.control('backlog', { endpoint: 'article', counts_running: false });
  await Promise.all([
    ...['updated', 'blind', 'single-counts', 'single-waits'].map((name) => rig.deploy(settings(name))),
    ...['burst-counts', 'burst-waits'].map((name) => rig.deploy(settings(name, { maxInstances: 3 }))),
    rig.deploy(settings('scarce', { instanceTypes: [SCARCE] })),
  ]);
  for (const { reading, counts_running } of READINGS) {
    for (const kind of ['single', 'burst']) {
      await rig.aws.control('backlog', { endpoint: `${kind}-${reading}`, counts_running });
    }
  }
  await blind('blind');
  const { now } = await rig.aws.control<{ now: string }>('clock', { speed: SPEED });
  const [start, real] = [Date.parse(now), performance.now()];
  clock = {
    now: () => start + (performance.now() - real) * SPEED,
    sleep: (milliseconds, signal) => pause(Math.max(milliseconds / SPEED, 300), undefined, signal ? { signal } : {}),
  };
  invocations = await rig.invocationsOf(async () => {
    told = await tell();
  });
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

describe.each(READINGS)('with a backlog metric $title', ({ reading }) => {
  test('a job longer than the idle time is not cut, and the first request after the scale-in wakes an instance', () => {
    const { wanted = [], most, seen } = told.single.get(reading) ?? {};
    expect(seen).toEqual([{ 'audio/long.mp3': 'transcribed' }, { 'audio/next.mp3': 'transcribed' }]);
    // By now it may be going down again.
    expect(wanted.slice(0, 5)).toEqual([1, 0, 1, 0, 1]);
    expect(most).toBe(1);
  });

  test('a burst: 0 to 1 to 3, and down to 0 only when the last and longest job is done', () => {
    const { wanted, most, seen } = told.burst.get(reading) ?? {};
    expect(new Set(Object.values(seen ?? {}))).toEqual(new Set(['transcribed']));
    expect(wanted).toEqual([1, 0, 1, 3, 0]);
    expect(most).toBe(3);
  });
});

test("the article's recipe cuts a job; under the action's own the next run has its transcript", () => {
  expect(told.article).toEqual({
    first: { 'audio/article.mp3': 'pending' },
    second: { 'audio/article.mp3': 'transcribed' },
  });
});

test('an update cuts a job: the next run has its transcript', () => {
  expect(told.updated).toEqual({
    first: { 'audio/updated.mp3': 'pending' },
    second: { 'audio/updated.mp3': 'transcribed' },
  });
});

test('a run says why no instance runs, waits until there is one, and tells how many it saw', () => {
  const { why, lines, seen, instances } = told.scarce;
  expect(why).toMatch(
    /^warning: undefined: AWS has no instance of this type to give now: .*Unable to provision requested ML compute capacity/,
  );
  expect(seen).toEqual({ 'audio/starved.mp3': 'transcribed' });
  expect(instances).toEqual([0, 1]);
  expect(lines).toContain(
    'No instance runs yet: one usually starts 2 to 3 minutes after the first request and is ready 3 to 10 minutes later.',
  );
  expect(lines).toContain('1 queued, no instance yet, 0 of 1 done');
  expect(lines.some((line) => line.startsWith('1 running on 1 instance, 0 of 1 done'))).toBe(true);
});

test('nothing was sent twice but the two jobs that were cut', () => {
  const files = { single: 2 * 2, burst: 2 * 9, article: 1, updated: 1, scarce: 1 };
  expect(invocations).toBe(Object.values(files).reduce((sum, count) => sum + count) + 2);
});

describe('an idle alarm with a wrong dimension', () => {
  /** What a run of one short file says that matches. */
  const said = async (file: string, pattern: RegExp) => {
    const seen = rig.lines.length;
    expect(await transcribe('blind', await rig.workspace({ [file]: job(0) }))).toEqual({ [file]: 'transcribed' });
    return rig.lines.slice(seen).filter((line) => pattern.test(line));
  };

  test(
    'never fires, and a run says so',
    async () => {
      expect(await endpoint('blind')).toMatchObject({ desired: 1, in_service: 1 });
      const cloudwatch = await rig.clients.cloudwatch();
      const { MetricAlarms: [alarm] = [] } = await cloudwatch.describeAlarms({ AlarmNames: ['blind-idle'] });
      expect(alarm?.StateValue).toBe('OK');
      expect(await said('audio/blind.mp3', /^warning/)).toEqual([
        expect.stringMatching(
          /Nothing takes 1 instance of blind away .* alarm blind-idle .* CPUUtilization \{EndpointName=blind\} and GPUUtilization \{EndpointName=blind\}/,
        ),
      ]);
    },
    MINUTES,
  );

  test(
    'is not seen without the right to read metrics: the run transcribes all the same',
    async () => {
      const access_key_id = rig.aws.environment['AWS_ACCESS_KEY_ID'];
      await rig.aws.control('credentials', { access_key_id, state: 'valid', denied: ['cloudwatch:*'] });
      try {
        expect(await said('audio/denied.mp3', /cannot be seen/)).toHaveLength(1);
      } finally {
        await rig.aws.control('credentials', { access_key_id, state: 'valid' });
      }
    },
    MINUTES,
  );

  test(
    'is put right by the next deploy; one that is missing is missed',
    async () => {
      const cloudwatch = await rig.clients.cloudwatch();
      await cloudwatch.deleteAlarms({ AlarmNames: ['blind-idle'] });
      expect(await said('audio/missing.mp3', /^warning/)).toEqual([
        expect.stringContaining('there is no alarm blind-idle'),
      ]);
      await rig.deploy(settings('blind'));
      await blind('blind');
      expect((await rig.deploy(settings('blind'))).changes).toMatchObject([{ resource: 'alarm', name: 'blind-idle' }]);
      await until('blind', asleep);
    },
    MINUTES,
  );
});

test(
  'a change to a GPU type that comes to nothing puts the scaling back, for the instances that serve',
  async () => {
    const cpu = settings('typed', { instanceTypes: ['ml.c7i.xlarge'] });
    await rig.deploy(cpu);
    await rig.aws.control('capacity', { 'ml.g6.xlarge': 0, 'ml.g4dn.xlarge': 0 });
    const pools: Partial<DeploySettings> = { ...cpu, instanceTypes: ['ml.g6.xlarge', 'ml.g4dn.xlarge'] };
    await expect(rig.deploy(pools)).rejects.toThrow(/did not take the new configuration/);
    expect((await rig.deploy(cpu)).changes).toEqual([]);

    await rig.aws.control('capacity', { 'ml.g4dn.xlarge': null });
    await rig.deploy(pools);
    const sagemaker = await rig.clients.sagemaker();
    const { ProductionVariants: [variant] = [] } = await sagemaker.describeEndpoint({ EndpointName: 'typed' });
    expect(variant?.InstancePools?.filter(({ CurrentInstanceCount }) => CurrentInstanceCount)).toMatchObject([
      { InstanceType: 'ml.g4dn.xlarge', CurrentInstanceCount: 1 },
    ]);
    expect((await rig.deploy(pools)).changes).toEqual([]);
    const cloudwatch = await rig.clients.cloudwatch();
    const { MetricAlarms: [alarm] = [] } = await cloudwatch.describeAlarms({ AlarmNames: ['typed-idle'] });
    expect(alarm?.Metrics?.map(({ Id }) => Id)).toContain('gpu');
  },
  MINUTES,
);
