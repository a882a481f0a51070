import { explain } from '../aws/errors.js';
import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import type { DeploySettings } from '../settings/deploy.js';
import { planLines } from './plan-lines.js';
import { type Progress, timed } from './progress.js';
import { removeInOrder } from './removal/removal.js';
import { scopeOf } from './removal/scope.js';
import { findStale } from './removal/stale.js';

type Settings = Pick<DeploySettings, 'endpointName' | 'region' | 'bucket' | 'folder' | 'ecrRepository' | 'keep'>;

/**
 * Removes the models, configurations, images and weights that deploys of the endpoint made and that it does without,
 * except for those of the last good configurations and what any model of the account names.
 * @param progress gets to know what was removed; also when it fails on its way
 * @returns what stays, and why
 */
export async function prune(
  context: Context,
  settings: Settings,
  progress: Pick<Progress, 'planned' | 'made' | 'steps'>,
): Promise<string[]> {
  const { keep } = settings;
  if (keep === 'all') return ['Nothing was looked for: keep is all.'];
  const scope = scopeOf(settings, context.account);
  const removals = await timed(context, progress, 'prune', () => findStale(context, scope, keep));
  if (removals.length === 0) {
    context.log.info('Nothing to remove: no old models, configurations, images or weights.');
    return [];
  }
  const changes = removals.flatMap((removal) => removal.changes);
  progress.planned = [...progress.planned, ...changes];
  for (const line of planLines(changes)) context.log.info(line);
  await removeInOrder(context, removals, progress);
  return [];
}

/** Prunes after a deploy. The endpoint serves, whatever comes of this: what fails is told as a warning. */
export async function pruneAfterDeploy(
  context: Context,
  settings: Settings,
  progress: Pick<Progress, 'planned' | 'made' | 'steps'>,
): Promise<void> {
  if (settings.keep === 'all') return;
  try {
    await prune(context, settings, progress);
  } catch (error) {
    context.signal.throwIfAborted();
    const known = error instanceof UserError ? error : explain(error);
    const why = known ? `${known.message} ${known.remedy}` : (error as Error).message;
    context.log.warning(`The endpoint is deployed, but what it does without was not removed: ${why}`);
  }
}
