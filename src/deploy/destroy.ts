import type { Context } from '../context.js';
import type { DestroySettings } from '../settings/remove.js';
import { drain } from './drain.js';
import { planLines } from './plan-lines.js';
import { type Progress, timed } from './progress.js';
import { findArtifacts } from './removal/artifacts.js';
import { findEndpoint } from './removal/endpoint.js';
import { deletion, type Finding, removeInOrder, together } from './removal/removal.js';
import { findAlarms, findScalableTarget } from './removal/scaling.js';
import { type Scope, scopeOf } from './removal/scope.js';
import { removeEndpoint } from './resources/endpoint-removal.js';
import { untilSteady } from './wait.js';

/**
 * Takes away everything that deploys and transcriptions of an endpoint have made, but its transcripts, unless they are
 * to go, too. What is not ours, or what others use, stays. A run that dies is gone on with by the next one.
 * @param progress gets to know what was removed; also when it fails on its way
 * @returns what stays, and why
 * @throws UserError saying what stands in the way; before anything is removed, when that is known then
 */
export async function destroy(context: Context, settings: DestroySettings, progress: Progress): Promise<string[]> {
  const { log } = context;
  const scope = scopeOf(settings, context.account);
  const artifacts = () => findArtifacts(context, scope, settings.deleteData);
  const look = async () => ({ serving: await findServing(context, scope, progress), ...(await artifacts()) });
  const { serving, removals, stays } = await timed(context, progress, 'plan', look);
  const all = together([serving, { removals, stays }]);
  if (all.removals.length === 0) {
    log.info(`Nothing to remove: there is nothing of the endpoint ${scope.endpointName}.`);
    return all.stays;
  }
  progress.planned = all.removals.flatMap(({ changes }) => changes);
  for (const line of planLines(progress.planned)) log.info(line);

  await timed(context, progress, 'drain', () => drainEndpoint(context, scope, settings, progress));
  await removeInOrder(context, serving.removals, progress);
  // Waiting may have taken an hour: what is there now, and who uses it?
  await removeInOrder(context, (await artifacts()).removals, progress);
  return [
    ...all.stays,
    `The execution role stays, and so does the log group /aws/sagemaker/Endpoints/${scope.endpointName} with the containers' logs.`,
  ];
}

/** The endpoint and what makes its instances run, the alarms first: they must not start any while the rest goes. */
async function findServing(context: Context, scope: Scope, { deadline }: Progress): Promise<Finding> {
  const { endpointName } = scope;
  const endpoint = await findEndpoint(context, scope);
  const [alarms, target] = await Promise.all([findAlarms(context, scope), findScalableTarget(context, scope)]);
  const remove = () => removeEndpoint(context, { endpointName, deadline: deadline() });
  const removals = endpoint ? [{ changes: [deletion('endpoint', endpointName)], remove }] : [];
  return together([alarms, target, { removals, stays: [] }]);
}

/** Statuses in which work goes on; in any other that does not pass it never ends, and there is nothing to wait for. */
const WORKING = ['InService', 'UpdateRollbackFailed'];

async function drainEndpoint(
  context: Context,
  { endpointName, bucket, folder }: Scope,
  { drainMinutes, whenBusy }: DestroySettings,
  { deadline, postpone }: Progress,
): Promise<void> {
  const endpoint = await untilSteady(context, { endpointName, deadline: deadline() });
  if (!WORKING.includes(endpoint?.EndpointStatus ?? '')) return;
  const before = `the removal of ${endpointName}`;
  const place = { endpointName, bucket: bucket.name, folder, goes: 'endpoint' } as const;
  postpone(await drain(context, { ...place, before, drainMinutes, whenBusy }));
}
