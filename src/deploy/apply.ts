import type { Context } from '../context.js';
import { isChange } from './changes.js';
import type { Desired } from './desired.js';
import type { Known } from './known.js';
import { type Progress, timed } from './progress.js';
import { type Observed, observe, type Resource } from './resource.js';

/** A resource that can be read, with its type of `Found` closed in. */
export type Observer = (context: Context, desired: Desired) => Promise<Observed>;

export const observer =
  <Found>(resource: Resource<Found>): Observer =>
  (context, desired) =>
    observe(resource, context, desired);

/** A resource as the plan saw it. */
export interface Planned {
  observe: Observer;
  seen: Observed;
}

/** Reads resources side by side. */
export function look(context: Context, observers: Observer[], desired: Desired): Promise<Planned[]> {
  return Promise.all(observers.map(async (observe) => ({ observe, seen: await observe(context, desired) })));
}

export const knownOf = (planned: Planned[]): Known => Object.assign({}, ...planned.map(({ seen }) => seen.known));

/**
 * Applies what differs, in order. Once something was changed, each later resource is read again before it is compared:
 * what it was may no longer hold, and what it shall be may be known only now.
 */
export async function applyInOrder(
  context: Context,
  planned: Planned[],
  desire: (known: Known) => Desired,
  progress: Progress,
): Promise<void> {
  for (const { observe, seen } of planned) {
    const now = progress.made.length === 0 ? seen : await observe(context, desire(progress.known));
    progress.known = { ...progress.known, ...now.known };
    const desired = desire(progress.known);
    const changes = now.changes(desired).filter(isChange);
    if (changes.length === 0) continue;
    context.signal.throwIfAborted();
    for (const { action, resource, name } of changes) context.log.info(`${action} ${resource} ${name}`);
    await timed(context, progress, changes[0]?.resource ?? '', async () => {
      progress.known = { ...progress.known, ...(await now.apply(desired)) };
    });
    progress.made.push(...changes);
  }
}
