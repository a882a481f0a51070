import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LoggedRequest } from '../../script/lib/local-aws.ts';
import type { Clients } from '../../src/aws/clients.js';
import { deploy } from '../../src/deploy/deploy.js';
import { plan } from '../../src/deploy/plan.js';
import { type Progress, startProgress } from '../../src/deploy/progress.js';
import { Interrupted, type UserError } from '../../src/errors.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';
import { killedAfter } from '../helpers/killed-after.ts';

const MINUTES = 60_000;
let rig: DeployRig;

beforeAll(async () => {
  rig = await startDeployRig();
  // The bucket and the weights, which all endpoints of this file share, so that they can be deployed side by side.
  await rig.deploy({ endpointName: 'first', verify: false });
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

/** One run of the story with a log of its own, for several at once. */
interface Told {
  lines: string[];
  progress: Progress;
  /** Undefined: it went well. */
  error: UserError | undefined;
}

async function tell(
  endpointName: string,
  overrides: Partial<DeploySettings> = {},
  { signal, by }: { signal?: AbortSignal; by?: Clients } = {},
): Promise<Told> {
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const context = rig.context(signal, by);
  const settings = rig.settings({ endpointName, verify: false, ...overrides });
  const progress = startProgress(context, settings.waitMinutes);
  const log = { ...context.log, info: note, notice: note, warning: note, error: note };
  const story = deploy({ ...context, log }, settings, progress);
  const error = await story.then(
    () => undefined,
    (problem: unknown) => problem as UserError,
  );
  return { lines, progress, error };
}

/** Told of a run that must go well. */
async function good(...args: Parameters<typeof tell>): Promise<Told> {
  const told = await tell(...args);
  if (told.error) throw told.error;
  return told;
}

/** Endpoints that are deployed side by side overwrite each other's rules in the bucket that they share. */
const kinds = ({ progress }: Told) =>
  progress.made.map(({ resource, action }) => `${action} ${resource}`).filter((kind) => kind !== 'update bucket');
const endpoint = async (EndpointName: string) => (await rig.clients.sagemaker()).describeEndpoint({ EndpointName });
const put = (name: string, state: { status: string; reason?: string; seconds?: number }) =>
  rig.aws.control(`endpoints/${name}`, state);
const fault = (service: string, operation: string, error: string, more: { times?: number; message?: string } = {}) =>
  rig.aws.control('faults', { service, operation, error, ...more });
const mutations = (requests: LoggedRequest[]) =>
  requests.filter(({ mutating }) => mutating).map(({ operation }) => operation);
/** Another configuration than the one that the settings of the rig make. */
const other = { computeType: 'int8' } as const;

describe('an endpoint that is changing', () => {
  const passing = ['Updating', 'SystemUpdating', 'RollingBack', 'Deleting'] as const;
  const name = (status: string) => `is-${status.toLowerCase()}`;

  test(
    'is waited for, and then updated, or made again',
    async () => {
      await Promise.all(passing.map((status) => good(name(status))));
      await Promise.all(passing.map((status) => put(name(status), { status, seconds: 5 })));
      const told = await Promise.all(passing.map((status) => good(name(status), other)));
      for (const [index, status] of passing.entries()) {
        expect(kinds(told[index] as Told)).toContain(status === 'Deleting' ? 'create endpoint' : 'update endpoint');
        expect(told[index]?.lines).toContainEqual(expect.stringMatching(new RegExp(`^Endpoint is-\\w+: ${status}`)));
        const { EndpointStatus, EndpointConfigName } = await endpoint(name(status));
        expect(EndpointStatus).toBe('InService');
        expect(told[index]?.progress.desire?.(told[index]?.progress.known ?? {}).endpointConfig).toMatchObject({
          EndpointConfigName,
        });
      }
    },
    3 * MINUTES,
  );

  test(
    'for too long: the error says how it is, what its container said, and that it goes on',
    async () => {
      const imageUri = await rig.image({ INSTANT_MODE: 'never-healthy' });
      await good('slow');
      const { error } = await tell('slow', { imageUri, waitMinutes: 0.03 });
      expect(error?.message).toMatch(/slow is still Updating to slow-[0-9a-f]{12}.* after \d+ seconds/);
      expect(error?.message).toMatch(/last lines of its log|no line of this deployment|has no log/);
      expect(error?.remedy).toMatch(/run the step again to wait on.*wait-minutes/);
    },
    2 * MINUTES,
  );

  test(
    'when the run is stopped: it says what goes on in AWS, and asks nothing more',
    async () => {
      const imageUri = await rig.image({ INSTANT_MODE: 'never-healthy' });
      await good('stopped');
      const abort = new AbortController();
      const stopped = tell('stopped', { imageUri }, { signal: abort.signal });
      await waitFor(async () => (await endpoint('stopped')).EndpointStatus === 'Updating');
      abort.abort(new Error('Stopped by SIGINT.'));
      const mark = await rig.aws.mark();
      const { error } = await stopped;
      expect(error).toBeInstanceOf(Interrupted);
      expect(error?.message).toMatch(/goes on .*AWS|AWS .*goes on/);
      expect(error?.message).toMatch(/^Stopped by SIGINT\. .* to stopped-[0-9a-f]{12}/);
      expect(mutations(await rig.aws.requests(mark))).toEqual([]);
    },
    2 * MINUTES,
  );
});

describe('an endpoint that only a person can mend', () => {
  test(
    'is not touched; the error says what to do',
    async () => {
      const broken = ['OutOfService', 'UpdateRollbackFailed'] as const;
      await Promise.all(broken.map((status) => good(`is-${status.toLowerCase()}`)));
      for (const status of broken) {
        const name = `is-${status.toLowerCase()}`;
        await put(name, { status, reason: 'CapacityError: Unable to provision requested ML compute capacity.' });
        let told: Told | undefined;
        const requests = await rig.requestsOf(async () => {
          told = await tell(name, { ...other, replaceFailed: true });
        });
        expect(told?.error).toMatchObject({
          name: 'UserError',
          message: expect.stringMatching(
            `is ${status}\\.[\\s\\S]*CapacityError[\\s\\S]*Likely cause: AWS has no instance`,
          ),
          remedy: expect.stringContaining('AWS Support'),
        });
        expect(mutations(requests)).toEqual([]);
      }
    },
    2 * MINUTES,
  );
});

describe('an endpoint that Failed', () => {
  test(
    'is left alone unless replace-failed says so; then it is made again, whenever the run dies',
    async () => {
      const died = ['died-1', 'died-2', 'died-3'];
      await Promise.all(['failed', ...died].map((name) => good(name)));
      const reason = 'Request to service failed. If failure persists after retry, contact customer support.';
      await Promise.all(['failed', ...died].map((name) => put(name, { status: 'Failed', reason })));

      const refused = await rig.requestsOf(async () => {
        expect((await tell('failed')).error).toMatchObject({
          message: expect.stringMatching(/failed is Failed\.[\s\S]*Likely cause: SageMaker itself failed/),
          remedy: expect.stringContaining('replace-failed: true'),
        });
      });
      expect(mutations(refused)).toEqual([]);

      const settings = rig.settings({ endpointName: 'failed', replaceFailed: true });
      const { changes } = await plan(rig.context(), settings, startProgress(rig.context(), 5));
      expect(changes).toContainEqual(expect.objectContaining({ resource: 'endpoint', action: 'replace' }));

      const [whole, ...others] = await Promise.all([
        good('failed', { replaceFailed: true }),
        ...died.map((name, index) => tell(name, { replaceFailed: true }, { by: killedAfter(index + 1, 'us-east-1') })),
      ]);
      expect(kinds(whole)).toContain('replace endpoint');
      expect(others.map(({ error }) => String(error))).toEqual(Array(3).fill(expect.stringContaining('illed')));
      await Promise.all(died.map((name) => good(name, { replaceFailed: true })));
      for (const name of ['failed', ...died]) {
        expect(await endpoint(name)).toMatchObject({ EndpointStatus: 'InService' });
        expect(kinds(await good(name))).toEqual([]);
      }
    },
    3 * MINUTES,
  );

  test(
    'and is not ours is not deleted',
    async () => {
      const { EndpointConfigName } = await endpoint('first');
      await (await rig.clients.sagemaker()).createEndpoint({ EndpointName: 'theirs', EndpointConfigName });
      await waitFor(async () => (await endpoint('theirs')).EndpointStatus === 'InService');
      await put('theirs', { status: 'Failed' });
      const requests = await rig.requestsOf(async () => {
        expect((await tell('theirs', { replaceFailed: true })).error?.message).toMatch(/did not make/);
      });
      expect(mutations(requests)).toEqual([]);
    },
    MINUTES,
  );
});

describe('deploys at once', () => {
  /** Runs both; the endpoint must then serve what one of them wanted, and a third run must find nothing to do. */
  async function race(name: string, one: Partial<DeploySettings>, two: Partial<DeploySettings>): Promise<Told[]> {
    const told = await Promise.all([tell(name, one), tell(name, two)]);
    const { EndpointStatus, EndpointConfigName } = await endpoint(name);
    expect(EndpointStatus).toBe('InService');
    const wanted = told.map(({ progress }) => progress.desire?.(progress.known).endpointConfig?.EndpointConfigName);
    expect(wanted).toContain(EndpointConfigName);
    for (const [index, { error }] of told.entries()) {
      // A deploy may have succeeded before the other one began to change the endpoint.
      if (error) {
        expect(wanted[index]).not.toBe(EndpointConfigName);
        expect(error.message).toMatch(`Another deploy of the endpoint ${name} won: it serves ${EndpointConfigName}`);
      }
    }
    expect(told.some(({ error }) => error === undefined)).toBe(true);
    const winner = wanted.indexOf(EndpointConfigName) === 0 ? one : two;
    expect(kinds(await good(name, winner))).toEqual([]);
    return told;
  }

  test(
    'end in what one of them wanted, and in no other error than that the other one won',
    async () => {
      await Promise.all(['update-same', 'update-other', 'type', 'refailed'].map((name) => good(name)));
      await put('refailed', { status: 'Failed' });
      const [same, updated] = await Promise.all([
        race('create-same', {}, {}),
        race('update-same', other, other),
        race('create-other', {}, other),
        race('update-other', other, { computeType: 'float16' }),
        race('type', { instanceTypes: ['ml.g5.xlarge'] }, other),
        race('refailed', { replaceFailed: true }, { replaceFailed: true }),
      ]);
      expect([...(same ?? []), ...(updated ?? [])].map(({ error }) => error)).toEqual(Array(4).fill(undefined));
    },
    3 * MINUTES,
  );

  test(
    'while somebody deletes the endpoint: it is made again',
    async () => {
      await good('deleted');
      const sagemaker = await rig.clients.sagemaker();
      const [told] = await Promise.all([
        tell('deleted', other),
        sagemaker.deleteEndpoint({ EndpointName: 'deleted' }).catch(() => undefined),
      ]);
      if (told.error) expect(told.error.message).toMatch(/was deleted while this step waited/);
      await good('deleted', other);
      expect(await endpoint('deleted')).toMatchObject({ EndpointStatus: 'InService' });
    },
    2 * MINUTES,
  );
});

describe('what AWS answers by the way', () => {
  test(
    'throttling, errors of its own and what is not visible yet are asked again',
    async () => {
      await fault('sagemaker', 'CreateModel', 'ThrottlingException', { times: 2 });
      await fault('sagemaker', 'CreateEndpointConfig', 'ValidationException', {
        times: 2,
        message: 'Could not find model "arn:aws:sagemaker:us-east-1:123456789012:model/passing-1".',
      });
      await fault('sagemaker', 'CreateEndpoint', 'ValidationException', {
        times: 2,
        message: 'Could not find endpoint configuration "arn:aws:sagemaker:us-east-1:1:endpoint-config/passing-1".',
      });
      await fault('application-autoscaling', 'RegisterScalableTarget', 'ConcurrentUpdateException', { times: 1 });
      await fault('application-autoscaling', 'PutScalingPolicy', 'ObjectNotFoundException', { times: 1 });
      await fault('cloudwatch', 'PutMetricAlarm', 'Throttling', { times: 1 });
      await good('passing');
      await fault('sagemaker', 'UpdateEndpoint', 'ConflictException', { times: 1 });
      await fault('sagemaker', 'DescribeEndpoint', 'ServiceUnavailable', { times: 2 });
      await good('passing', other);
      expect(await rig.aws.control('faults')).toEqual({ faults: [] });
      expect(kinds(await good('passing', other))).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'access denied is never asked again, and said with the right that is missing',
    async () => {
      await good('denied');
      const access_key_id = rig.aws.environment['AWS_ACCESS_KEY_ID'] ?? '';
      const deny = (denied: string[]) => rig.aws.control('credentials', { access_key_id, state: 'valid', denied });
      const steps: [right: string, wanted: Partial<DeploySettings>][] = [
        ['sagemaker:DescribeEndpoint', {}],
        ['sagemaker:CreateModel', { computeType: 'float32' }],
        ['sagemaker:CreateEndpointConfig', { maxConcurrentInvocations: 2 }],
        ['sagemaker:UpdateEndpoint', other],
        ['application-autoscaling:RegisterScalableTarget', { maxInstances: 4 }],
        ['cloudwatch:PutMetricAlarm', { idleMinutes: 17 }],
      ];
      try {
        for (const [right, wanted] of steps) {
          await deny([right]);
          let told: Told | undefined;
          const requests = await rig.requestsOf(async () => {
            told = await tell('denied', wanted);
          });
          expect({ right, error: told?.error?.message }).toEqual({ right, error: expect.stringContaining(right) });
          const operation = right.slice(right.indexOf(':') + 1);
          expect(requests.filter((request) => request.operation === operation)).toHaveLength(1);
        }
      } finally {
        await deny([]);
      }
    },
    2 * MINUTES,
  );

  test(
    'a log that may not be read is said, and does not hide the failure',
    async () => {
      const access_key_id = rig.aws.environment['AWS_ACCESS_KEY_ID'] ?? '';
      await put('denied', { status: 'OutOfService', reason: 'InsufficientInstanceCapacity' });
      await rig.aws.control('credentials', { access_key_id, state: 'valid', denied: ['logs:*'] });
      try {
        expect((await tell('denied', other)).error?.message).toMatch(
          /is OutOfService[\s\S]*no instance of this type[\s\S]*could not be read: .*logs:DescribeLogStreams/,
        );
      } finally {
        await rig.aws.control('credentials', { access_key_id, state: 'valid', denied: [] });
      }
    },
    MINUTES,
  );
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + MINUTES; Date.now() < until; ) {
    if (await condition().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('What was waited for did not come.');
}
