// A deploy that is killed, after any one of its requests that change something, and run again. Each is an endpoint of
// its own, some at a time.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoggedRequest } from '../../script/lib/local-aws.ts';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';
import { deployedState } from '../helpers/deployed-state.ts';
import { killedAfter } from '../helpers/killed-after.ts';

const MINUTES = 60_000;
const GIVEN = 'given-bucket';
const OURS = 'whisper-sagemaker-123456789012-us-east-1';
const AT_ONCE = 4;

let rig: DeployRig;
beforeAll(async () => {
  rig = await startDeployRig();
  await (await rig.clients.s3()).createBucket({ Bucket: GIVEN });
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

/** Requests for an endpoint that cost its user twice when they are sent twice: weights, and instances. */
const costs = (requests: LoggedRequest[], endpointName: string): string[] =>
  requests
    .filter(({ status }) => status < 300)
    .flatMap(({ operation, parameters: { Key, EndpointName } }) => {
      if (/^(?:PutObject|UploadPart)$/.test(operation) && String(Key).startsWith(`${endpointName}/models/`)) {
        return [`${operation} ${String(Key).slice(endpointName.length)}`];
      }
      return /^(?:Create|Update)Endpoint$/.test(operation) && EndpointName === endpointName ? [operation] : [];
    })
    .sort();

const mutating = (requests: LoggedRequest[], endpointName: string): string[] =>
  requests
    .filter((request) => request.mutating && JSON.stringify(request.parameters).includes(`${endpointName}`))
    .map(({ operation }) => operation);

/** Kills a deploy after `count` changes, runs it again, and once more. Returns what the user sees of it. */
async function dieAndGoOn(count: number, wanted: Partial<DeploySettings> & { endpointName: string }) {
  const { endpointName, bucket = OURS } = wanted;
  const clients = killedAfter(count, 'us-east-1');
  const mark = await rig.aws.mark();
  const failed = await rig.deploy(wanted, undefined, clients).then(
    () => false,
    () => true,
  );
  const died = !clients.survived();
  // What dies in the prune at the end is a warning: the deploy has succeeded.
  expect(died || !failed).toBe(true);
  if (died) await rig.deploy(wanted);
  const paid = costs(await rig.aws.requests(mark), endpointName);
  const again = await rig.aws.mark();
  await rig.deploy(wanted);
  return {
    state: await deployedState(rig.clients, endpointName, bucket),
    costs: paid,
    again: mutating(await rig.aws.requests(again), endpointName),
    died,
  };
}

/**
 * Kills a deploy after its 1st, 2nd, … change.
 * @param before brings a new endpoint to where the deploy starts
 * @returns how many changes a deploy makes
 */
async function dieEverywhere(
  name: string,
  before: (endpointName: string) => Promise<unknown>,
  wanted: Partial<DeploySettings>,
): Promise<number> {
  const run = async (count: number) => {
    const endpointName = `${name}-${count}`;
    await before(endpointName);
    return { count, ...(await dieAndGoOn(count, { ...wanted, bucket: GIVEN, endpointName })) };
  };
  // Endless patience: the deploy that nothing disturbs.
  const { died: _, count: __, ...undisturbed } = await run(1000);
  for (let first = 1; ; first += AT_ONCE) {
    const counts = Array.from({ length: AT_ONCE }, (_nothing, index) => first + index);
    for (const { count, died, ...outcome } of await Promise.all(counts.map(run))) {
      expect({ count, ...outcome }).toEqual({ count, ...undisturbed });
      if (!died) return count;
    }
  }
}

test(
  'a first deploy ends, run again, as if it had not died',
  async () => {
    const changes = await dieEverywhere('first', async () => undefined, {});
    expect(changes).toBeGreaterThan(12);
  },
  10 * MINUTES,
);

test(
  'a deploy of another model on another instance type, with more instances, too',
  async () => {
    const model = { kind: 'folder' as const, path: await rig.weights('the second model') };
    const before = (endpointName: string) => rig.deploy({ endpointName, bucket: GIVEN, verify: false });
    const wanted: Partial<DeploySettings> = { model, instanceTypes: ['ml.g5.xlarge'], maxInstances: 3 };
    const changes = await dieEverywhere('next', before, wanted);
    expect(changes).toBeGreaterThan(12);
  },
  10 * MINUTES,
);

test(
  'a deploy that dies while it makes its bucket, too',
  async () => {
    const s3 = await rig.clients.s3();
    const bucket = async () => ({
      access: (await s3.getPublicAccessBlock({ Bucket: OURS })).PublicAccessBlockConfiguration,
      encryption: (await s3.getBucketEncryption({ Bucket: OURS })).ServerSideEncryptionConfiguration,
      tags: (await s3.getBucketTagging({ Bucket: OURS })).TagSet?.map(({ Key }) => Key),
      rules: (await s3.getBucketLifecycleConfiguration({ Bucket: OURS })).Rules?.length,
    });
    const made = [];
    for (const count of [1, 2, 3, 4]) {
      await rig.deploy({ endpointName: 'own' }, undefined, killedAfter(count, 'us-east-1')).catch(() => undefined);
      await rig.deploy({ endpointName: 'own' });
      made.push(await bucket());
      const { Contents = [] } = await s3.listObjectsV2({ Bucket: OURS });
      await s3.deleteObjects({ Bucket: OURS, Delete: { Objects: Contents.map(({ Key = '' }) => ({ Key })) } });
      await s3.deleteBucket({ Bucket: OURS });
    }
    expect(made[0]).toMatchObject({ access: { BlockPublicAcls: true }, tags: ['whisper-sagemaker'], rules: 5 });
    expect(made).toEqual(Array(4).fill(made[0]));
  },
  5 * MINUTES,
);
