import { describeEndpoint } from '../aws/sagemaker.js';
import type { Context } from '../context.js';
import type { DeploySettings } from '../settings/deploy.js';
import { applyInOrder, look, type Planned } from './apply.js';
import type { Desired } from './desired.js';
import type { Known } from './known.js';
import { plan, SCALING } from './plan.js';
import { type Progress, timed } from './progress.js';
import { servedTypes } from './resources/endpoint-config.js';
import { keepMinimum, scalableTarget } from './resources/scalable-target.js';
import { desiredScaling } from './scaling.js';
import { verify, wasVerified } from './verify.js';
import { unlessOvertaken, untilServed } from './wait.js';

/**
 * Makes the endpoint and all that it needs as the settings want it, changing only what differs.
 * Succeeds only when the endpoint serves the wanted configuration.
 * @param progress gets to know what was made; also when the deploy fails on its way
 * @throws UserError saying what stands in the way; what was made until then stays, and the next run goes on from there
 */
export async function deploy(context: Context, settings: DeploySettings, progress: Progress): Promise<void> {
  const { artifacts, serving, scaling, desire } = await plan(context, settings, progress);
  const desired = desire(progress.known);
  for (const { seen } of [...artifacts, ...serving, ...scaling]) await seen.prepare(desired);

  await applyInOrder(context, artifacts, desire, progress);
  const deployed = await serve(context, settings, serving, desire, progress);
  const served = desire(progress.known);
  await unlessOvertaken(context, served, async () => {
    await scale(context, scaling, deployed, desire, progress);
    if (!settings.verify || (!deployed && (await wasVerified(context, served)))) return;
    await timed(context, progress, 'verify', () => verify(context, served, progress.deadline()));
  });
  if (deployed) await (await import('./prune.js')).pruneAfterDeploy(context, settings, progress);
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
    await keepScaling(context, settings, desire, progress);
    throw error;
  }
}

/** An update that failed after scaling was taken off must not leave instances that nothing takes down. */
async function keepScaling(
  context: Context,
  settings: DeploySettings,
  desire: (known: Known) => Desired,
  progress: Progress,
): Promise<void> {
  const { endpointName } = settings;
  try {
    context.signal.throwIfAborted();
    const endpoint = await describeEndpoint(context, endpointName);
    if (!endpoint || (await scalableTarget.read(context, desire(progress.known))) !== undefined) return;
    if (endpoint.EndpointStatus === 'InService') {
      // The alarm fits the instances that serve: on a CPU type one that waits for a GPU's utilisation never fires.
      const instanceTypes = await servedTypes(context, endpoint.EndpointConfigName ?? '');
      const scaling = desiredScaling({ ...settings, instanceTypes: instanceTypes ?? settings.instanceTypes });
      const asServed = (known: Known): Desired => ({ ...desire(known), scaling });
      await applyInOrder(context, await look(context, SCALING, asServed(progress.known)), asServed, progress);
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
