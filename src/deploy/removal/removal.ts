import type { Context } from '../../context.js';
import type { Change, FieldChange } from '../changes.js';
import { type Progress, timed } from '../progress.js';

/** Something that is to go, by one step. */
export interface Removal {
  changes: Change[];
  /** No error when it is gone already: another run may be at it, or an earlier one has died after this. */
  remove(): Promise<void>;
}

/** What was looked for and found. */
export interface Finding {
  /** In the order in which they go. */
  removals: Removal[];
  /** What stays although it has to do with the endpoint, and why: one sentence each. */
  stays: string[];
}

export const deletion = (resource: string, name: string, fields: FieldChange[] = []): Change => ({
  resource,
  name,
  action: 'delete',
  fields,
});

export const together = (findings: readonly Finding[]): Finding => ({
  removals: findings.flatMap(({ removals }) => removals),
  stays: findings.flatMap(({ stays }) => stays),
});

export async function removeInOrder(
  context: Context,
  removals: readonly Removal[],
  progress: Pick<Progress, 'made' | 'steps'>,
): Promise<void> {
  for (const { changes, remove } of removals) {
    context.signal.throwIfAborted();
    for (const { resource, name } of changes) context.log.info(`delete ${resource} ${name}`);
    await timed(context, progress, `delete ${changes[0]?.resource}`, remove);
    progress.made.push(...changes);
  }
}
