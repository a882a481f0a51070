import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoggedRequest } from '../../script/lib/local-aws.ts';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';
import { deployedState } from '../helpers/deployed-state.ts';
import { killedAfter } from '../helpers/killed-after.ts';

const MINUTES = 60_000;
const BUCKET = 'whisper-sagemaker-123456789012-us-east-1';
/** More than any of these deploys changes with. */
const MOST = 40;

let rig: DeployRig;
beforeAll(async () => {
  rig = await startDeployRig();
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

/** Requests that cost a user twice when they are sent twice: weights, and instances. */
const COSTLY = ['PutObject', 'UploadPart', 'CreateEndpoint', 'UpdateEndpoint'];
const costs = (requests: LoggedRequest[]) =>
  requests
    .filter(({ operation, status }) => COSTLY.includes(operation) && status < 300)
    .map(({ operation }) => operation)
    .sort();

/**
 * Kills a deploy after its 1st, 2nd, … request that changes something, each on an endpoint of its own, and runs it again.
 * @param before brings a new endpoint to where the deploy starts
 */
async function dieEverywhere(
  name: string,
  before: (endpointName: string) => Promise<unknown>,
  wanted: Partial<DeploySettings>,
) {
  const run = (endpointName: string, by?: Parameters<DeployRig['deploy']>[2]) =>
    rig.deploy({ ...wanted, endpointName }, undefined, by);
  await before(`${name}-whole`);
  const undisturbed = costs(await rig.requestsOf(() => run(`${name}-whole`)));
  const expected = await deployedState(rig.clients, `${name}-whole`, BUCKET);
  for (let count = 1; count < MOST; count++) {
    const endpointName = `${name}-${count}`;
    await before(endpointName);
    const clients = killedAfter(count, 'us-east-1');
    let died: unknown;
    const requests = await rig.requestsOf(async () => {
      died = await run(endpointName, clients).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (died !== undefined) await run(endpointName);
    });
    expect({ count, state: await deployedState(rig.clients, endpointName, BUCKET) }).toEqual({
      count,
      state: expected,
    });
    expect({ count, costs: costs(requests) }).toEqual({ count, costs: undisturbed });
    expect(await rig.requestsOf(() => run(endpointName))).not.toContainEqual(
      expect.objectContaining({ mutating: true }),
    );
    if (clients.survived()) return count - 1;
  }
  throw new Error(`more than ${MOST} changes`);
}

test(
  'a first deploy that dies after any of its changes ends, run again, as if it had not',
  async () => {
    const changes = await dieEverywhere('first', async () => undefined, {});
    expect(changes).toBeGreaterThan(12);
  },
  10 * MINUTES,
);

test(
  'a deploy of another model on another instance type, with more instances, ends as if it had not died, too',
  async () => {
    const model = { kind: 'folder' as const, path: await rig.weights('the second model') };
    const before = (endpointName: string) => rig.deploy({ endpointName, verify: false });
    const changes = await dieEverywhere('next', before, {
      model,
      instanceTypes: ['ml.g5.xlarge'],
      maxInstances: 3,
    });
    expect(changes).toBeGreaterThan(10);
  },
  10 * MINUTES,
);
