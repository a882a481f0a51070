import * as core from '@actions/core';
import type { Context } from '../context.js';
import type { Progress } from '../deploy/progress.js';
import { withoutAccounts } from './accounts.js';
import { doneRows } from './changes.js';
import { failureBlock, type Told, toldOf } from './failure.js';
import { cell, code, link, stepTimes, table } from './markdown.js';
import { type Place, resourceUrl } from './resource-url.js';
import { writeSummary } from './summary.js';

type Removed = Pick<Progress, 'planned' | 'made' | 'steps'>;

/**
 * Tells what a prune or a destroy removed to the workflow as outputs and job summary, also when it ends half-way.
 * @param story gives what stays, and why: a sentence each
 */
export async function tellRemoval(
  context: Pick<Context, 'account' | 'signal'>,
  { endpointName, region }: Pick<Place, 'endpointName' | 'region'>,
  progress: Removed,
  story: () => Promise<readonly string[]>,
): Promise<void> {
  const { account, signal } = context;
  const ending = await story().then(
    (stays) => ({ stays }),
    (error: unknown) => ({ error, stays: [] }),
  );
  const failure = 'error' in ending ? toldOf(ending.error, signal) : undefined;
  core.setOutput('endpoint-name', endpointName);
  core.setOutput('changed', String(progress.made.length > 0));
  core.setOutput('changes', withoutAccounts(JSON.stringify(progress.made), account));
  await writeSummary(removalSummary({ endpointName, region, account }, progress, ending.stays, failure));
  if ('error' in ending) throw ending.error;
  for (const line of ending.stays) core.info(line);
}

/** The job summary in Markdown. Pure. */
export function removalSummary(
  place: Place,
  { planned, made, steps }: Removed,
  stays: readonly string[],
  failure?: Pick<Told, 'message' | 'remedy'>,
): string {
  const rows = doneRows({ planned, changes: made, steps }, failure !== undefined).map(({ change, state, exists }) => [
    cell(change.resource),
    link(change.name, exists ? resourceUrl(place, change) : undefined),
    state,
    cell(change.fields.map(({ field, old }) => `${old} ${field}`).join(', ')),
  ]);
  const removed = `${made.length} ${made.length === 1 ? 'thing' : 'things'}`;
  return [
    `## Endpoint ${code(place.endpointName)}`,
    '',
    failure
      ? `**The removal failed**, with ${removed} removed. The next run goes on from there.`
      : made.length === 0
        ? 'Nothing was removed.'
        : `**Removed**: ${removed}.`,
    '',
    ...(failure ? failureBlock(failure) : []),
    ...(rows.length > 0 ? [table(['Resource', 'Name', 'State', ''], rows), ''] : []),
    ...stays.map((line) => `- ${cell(line)}`),
    '',
    ...stepTimes(steps),
  ].join('\n');
}
