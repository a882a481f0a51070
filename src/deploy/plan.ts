import { readFile } from 'node:fs/promises';
import { warnOfBlindAlarm } from '../aws/blind-alarm.js';
import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import type { DeploySettings } from '../settings/deploy.js';
import { shipped } from '../shipped.js';
import { knownOf, look, observer, type Planned } from './apply.js';
import type { Change } from './changes.js';
import { type Desired, desiredState, type Materials } from './desired.js';
import { imageSource } from './image-source.js';
import type { Known } from './known.js';
import { planLines } from './plan-lines.js';
import { type Progress, timed } from './progress.js';
import { checkQuota } from './quota.js';
import { alarms } from './resources/alarms.js';
import { bucket } from './resources/bucket.js';
import { endpointResource } from './resources/endpoint.js';
import { endpointConfig } from './resources/endpoint-config.js';
import { image } from './resources/image.js';
import { model } from './resources/model.js';
import { repository } from './resources/repository.js';
import { scalableTarget } from './resources/scalable-target.js';
import { scalingPolicies } from './resources/scaling-policies.js';
import { weightsResource } from './resources/weights.js';
import { findWeights } from './weights/weights.js';

export const SCALING = [observer(scalableTarget), observer(scalingPolicies), observer(alarms)];

/** What is against what is wanted. A deploy applies its three parts in this order. */
export interface Plan {
  artifacts: Planned[];
  serving: Planned[];
  scaling: Planned[];
  /** Of every resource, `unchanged` included. */
  changes: Change[];
  /** What is wanted, by what is known of it. */
  desire: (known: Known) => Desired;
}

/**
 * Reads what is there and compares it with what the settings want. Changes nothing.
 * @throws UserError saying what a deploy would fail on
 */
export async function plan(context: Context, settings: DeploySettings, progress: Progress): Promise<Plan> {
  requireAccountOfRole(context.account, settings.executionRoleArn);
  const materials = await timed(context, progress, 'inputs', () => lookAtInputs(context, settings));
  const desire = (known: Known) => desiredState(settings, context.account, materials, known);
  progress.desire = desire;
  const made = await timed(context, progress, 'plan', () =>
    compare(context, settings, progress, { ...materials, desire }),
  );
  progress.planned = made.changes;
  for (const line of planLines(made.changes)) context.log.info(line);
  await checkQuota(context, settings, made.changes);
  await lookAtIdleAlarm(context, settings, progress.known);
  return made;
}

/** A warning that could not be made out must not keep a deploy from putting right what it would have warned of. */
async function lookAtIdleAlarm(context: Context, { endpointName }: DeploySettings, { endpoint }: Known): Promise<void> {
  if (!endpoint) return;
  await warnOfBlindAlarm(context, endpointName, endpoint).catch((error: Error) => {
    context.signal.throwIfAborted();
    context.log.info(`Whether the idle alarm of ${endpointName} has data could not be seen: ${error.message}`);
  });
}

/** SageMaker refuses a role of another account, but only once the image is built and the weights are uploaded. */
function requireAccountOfRole(account: string, roleArn: string): void {
  const [, , , , owner] = roleArn.split(':');
  if (owner === account) return;
  throw new UserError(
    `The input execution-role-arn names a role of account ${owner}; these credentials are of account ${account}.`,
    'Give a role of the account that the endpoint is made in, or credentials of the account of the role.',
  );
}

async function lookAtInputs(context: Context, settings: DeploySettings): Promise<Materials> {
  const [image, weights, manifest] = await Promise.all([
    imageSource(settings, shipped('container')),
    findWeights(context, settings, shipped('container')),
    readFile(shipped('package.json'), 'utf8'),
  ]);
  const { version } = JSON.parse(manifest) as { version: string };
  return { image, weights, version };
}

async function compare(
  context: Context,
  settings: DeploySettings,
  progress: Progress,
  { weights, desire }: Materials & Pick<Plan, 'desire'>,
): Promise<Plan> {
  const first = desire({});
  const [artifacts, scaling] = await Promise.all([
    look(context, [observer(bucket), observer(weightsResource(weights)), observer(repository), observer(image)], first),
    look(context, SCALING, first),
  ]);
  const before = { ...knownOf(artifacts), ...knownOf(scaling) };
  const endpoint = endpointResource(settings, progress);
  const serving = await look(context, [observer(model), observer(endpointConfig), observer(endpoint)], desire(before));
  progress.known = { ...before, ...knownOf(serving) };
  const desired = desire(progress.known);
  const changes = [...artifacts, ...serving, ...scaling].flatMap(({ seen }) => seen.changes(desired));
  return { artifacts, serving, scaling, changes, desire };
}
