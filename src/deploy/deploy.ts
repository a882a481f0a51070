import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import type { DeploySettings } from '../settings/deploy.js';
import { shipped } from '../shipped.js';
import { applyInOrder, knownOf, look, observer, type Planned, type Progress, timed } from './apply.js';
import type { DeployResult } from './changes.js';
import { type Desired, desiredState, type Materials } from './desired.js';
import { imageSource } from './image-source.js';
import type { Known } from './known.js';
import { planLines } from './plan.js';
import { alarms } from './resources/alarms.js';
import { bucket } from './resources/bucket.js';
import { endpointResource } from './resources/endpoint.js';
import { endpointConfig } from './resources/endpoint-config.js';
import { image } from './resources/image.js';
import { model } from './resources/model.js';
import { repository } from './resources/repository.js';
import { keepMinimum, scalableTarget } from './resources/scalable-target.js';
import { scalingPolicies } from './resources/scaling-policies.js';
import { weightsResource } from './resources/weights.js';
import { verify, wasVerified } from './verify.js';
import { describeEndpoint, untilServed } from './wait.js';
import { findWeights } from './weights/weights.js';

const SCALING = [observer(scalableTarget), observer(scalingPolicies), observer(alarms)];

/**
 * Makes the endpoint and all that it needs as the settings want it, changing only what differs.
 * Succeeds only when the endpoint serves the wanted configuration.
 * @throws UserError saying what stands in the way; what was made until then stays, and the next run goes on from there
 */
export async function deploy(context: Context, settings: DeploySettings): Promise<DeployResult> {
  requireAccountOfRole(context.account, settings.executionRoleArn);
  const progress: Progress = { known: {}, made: [], steps: [], deadline: openDeadline(context, settings) };
  const step = <T>(name: string, body: () => Promise<T>) => timed(context, progress, name, body);

  const materials = await step('inputs', () => lookAtInputs(context, settings));
  const desire = (known: Known) => desiredState(settings, context.account, materials, known);

  const plan = await step('plan', () => makePlan(context, progress, materials, desire));
  progress.known = plan.known;
  const desired = desire(plan.known);
  const planned = [...plan.artifacts, ...plan.serving, ...plan.scaling];
  for (const line of planLines(planned.flatMap(({ seen }) => seen.changes(desired)))) context.log.info(line);
  for (const { seen } of planned) await seen.prepare(desired);

  await applyInOrder(context, plan.artifacts, desire, progress);
  const deployed = await serve(context, settings, plan.serving, desire, progress);
  await scale(context, plan.scaling, deployed, desire, progress);
  if (settings.verify && (deployed || !(await wasVerified(context, desire(progress.known))))) {
    await step('verify', () => verify(context, desire(progress.known), progress.deadline()));
  }
  return resultOf(desire(progress.known), progress);
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
  const [image, weights] = await Promise.all([
    imageSource(settings, shipped('container')),
    findWeights(context, settings.model),
  ]);
  return { image, weights };
}

async function makePlan(
  context: Context,
  { deadline }: Progress,
  { weights }: Materials,
  desire: (known: Known) => Desired,
) {
  const first = desire({});
  const [artifacts, scaling] = await Promise.all([
    look(context, [observer(bucket), observer(weightsResource(weights)), observer(repository), observer(image)], first),
    look(context, SCALING, first),
  ]);
  const before = { ...knownOf(artifacts), ...knownOf(scaling) };
  const endpoint = endpointResource(deadline);
  const serving = await look(context, [observer(model), observer(endpointConfig), observer(endpoint)], desire(before));
  return { artifacts, scaling, serving, known: { ...before, ...knownOf(serving) } };
}

/** Has the endpoint serve what is wanted. Returns whether a configuration was deployed. */
async function serve(
  context: Context,
  settings: DeploySettings,
  planned: Planned[],
  desire: (known: Known) => Desired,
  progress: Progress,
): Promise<boolean> {
  const { endpointName } = settings;
  try {
    await applyInOrder(context, planned, desire, progress);
    const deployed = progress.made.some(({ resource }) => resource === 'endpoint') || progress.known.deploying === true;
    const config = desire(progress.known).endpointConfig?.EndpointConfigName;
    if (!deployed || config === undefined) return false;
    const wait = { endpointName, deadline: progress.deadline() };
    const endpoint = await timed(context, progress, 'wait', () => untilServed(context, wait, config));
    progress.known = { ...progress.known, endpointArn: endpoint.EndpointArn ?? '' };
    return true;
  } catch (error) {
    await keepScaling(context, endpointName, desire, progress);
    throw error;
  }
}

/** An update that failed after scaling was taken off must not leave instances that nothing takes down. */
async function keepScaling(
  context: Context,
  endpointName: string,
  desire: (known: Known) => Desired,
  progress: Progress,
): Promise<void> {
  try {
    context.signal.throwIfAborted();
    const endpoint = await describeEndpoint(context, endpointName);
    const desired = desire(progress.known);
    if (!endpoint || (await scalableTarget.read(context, desired)) !== undefined) return;
    if (endpoint.EndpointStatus === 'InService') {
      await applyInOrder(context, await look(context, SCALING, desired), desire, progress);
    } else {
      warnOfInstances(context, endpointName, `it is ${endpoint.EndpointStatus}`);
    }
  } catch (error) {
    warnOfInstances(context, endpointName, (error as Error).message);
  }
}

/** Puts the scaling in order. When that fails, the instances that run are said to run. */
async function scale(
  context: Context,
  planned: Planned[],
  deployed: boolean,
  desire: (known: Known) => Desired,
  progress: Progress,
): Promise<void> {
  try {
    await applyInOrder(context, planned, desire, progress);
    if (deployed) await keepMinimum(context, desire(progress.known));
  } catch (error) {
    warnOfInstances(context, desire(progress.known).endpointName, (error as Error).message);
    throw error;
  }
}

const warnOfInstances = ({ log }: Context, endpointName: string, why: string): void =>
  log.warning(
    `The endpoint ${endpointName} may be without scaling (${why}), and its instances cost money until it has some: run the step again.`,
  );

/** One deadline for all that is waited for on the endpoint, from the first wait on. Milliseconds since the epoch. */
function openDeadline({ clock }: Context, { waitMinutes }: DeploySettings): () => number {
  let deadline: number | undefined;
  return () => {
    deadline ??= clock.now() + waitMinutes * 60_000;
    return deadline;
  };
}

function resultOf({ endpointName, image, weights, known }: Desired, { made, steps }: Progress): DeployResult {
  return {
    endpointName,
    endpointArn: known.endpointArn ?? '',
    imageRepository: image.repository,
    imageDigest: known.imageDigest ?? '',
    modelData: `s3://${weights.bucket}/${weights.prefix}`,
    changes: made,
    steps,
  };
}
