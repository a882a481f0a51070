import type { Context } from '../context.js';
import { isChange } from '../deploy/changes.js';
import { contentHash } from '../deploy/content-hash.js';
import type { DeployResult } from '../deploy/result.js';
import { currentPullRequest, type PullRequest, writeComment } from '../github/comment.js';
import type { DeploySettings } from '../settings/deploy.js';
import { withoutAccounts } from './accounts.js';
import { headline, whatDiffers } from './changes.js';
import { costLines } from './cost.js';
import { cell, code, table } from './markdown.js';

type Settings = Pick<
  DeploySettings,
  'endpointName' | 'region' | 'githubToken' | 'pricePerHour' | 'minInstances' | 'maxInstances' | 'idleMinutes'
>;

/** Tells a plan in one comment on the pull request that it is of, if it is of one. Never fails: a warning says why not. */
export async function tellPullRequest(
  context: Context,
  settings: Settings,
  result: DeployResult,
  failed: boolean,
): Promise<void> {
  const pullRequest = await currentPullRequest();
  // A run that was stopped has two seconds left, and tells its plan another time.
  if (!pullRequest || context.signal.aborted) return;
  const marker = markerOf(settings, context.account);
  const body = `${marker}\n${commentOf(settings, context.account, result, { failed, pullRequest })}`;
  await writeComment(context, { subject: 'The plan', token: settings.githubToken, pullRequest, marker, body });
}

/**
 * An earlier push of the pull request may have changed the deployment, and its plan stand there still: says in its place
 * that there is nothing left of it. Where there is no comment, none is written.
 */
export async function takeBackPlan(context: Context, settings: Settings): Promise<void> {
  const pullRequest = await currentPullRequest();
  if (!pullRequest || context.signal.aborted) return;
  const marker = markerOf(settings, context.account);
  const body = [
    marker,
    headOf(settings),
    '',
    'This pull request changes nothing any more that defines the deployment.',
    '',
    madeBy(pullRequest),
  ].join('\n');
  const comment = { subject: 'The plan', token: settings.githubToken, pullRequest, marker, body };
  await writeComment(context, { ...comment, over: true });
}

/** Hex digits of the account's hash: they tell a company's accounts apart and no outsider which they are. */
const ACCOUNT_DIGITS = 4;

/** What the comment of an endpoint is found again by; it does not show. */
export const markerOf = (
  { endpointName, region }: Pick<Settings, 'endpointName' | 'region'>,
  account: string,
): string => `<!-- whisper-sagemaker plan: ${endpointName} ${region} ${contentHash(account, ACCOUNT_DIGITS)} -->`;

/** Characters that GitHub takes in a comment, less what marker and end need. */
const LONGEST = 65_000;

/**
 * The comment in Markdown. Everybody who sees the repository reads it: no account ids, and of an error only that there
 * was one, since its text may quote a container's log. Pure.
 */
export function commentOf(
  settings: Settings,
  account: string,
  result: DeployResult,
  { failed, pullRequest }: { failed: boolean; pullRequest: Pick<PullRequest, 'head' | 'run'> },
): string {
  const changed = result.planned.filter(isChange);
  const same = result.planned.length - changed.length;
  const rows = changed.map((change) => [change.action, cell(change.resource), code(change.name), whatDiffers(change)]);
  const heads = ['Action', 'Resource', 'Name', 'What differs'];
  const text = (shown: string[][]): string =>
    withoutAccounts(
      [
        headOf(settings),
        '',
        headline('plan', result, failed),
        ...(failed ? ["The job's log says why."] : []),
        '',
        ...(shown.length > 0 ? [table(heads, shown), ''] : []),
        ...(shown.length < rows.length ? [`And ${rows.length - shown.length} more: see the job's summary.`, ''] : []),
        ...(same > 0 ? [`${same} ${same === 1 ? 'resource is' : 'resources are'} as wanted.`, ''] : []),
        ...costLines(settings).flatMap((line) => [line, '']),
        madeBy(pullRequest),
      ].join('\n'),
      account,
    );
  let shown = rows;
  while (shown.length > 0 && text(shown).length > LONGEST) shown = shown.slice(0, Math.floor(shown.length / 2));
  return text(shown);
}

const headOf = ({ endpointName, region }: Pick<Settings, 'endpointName' | 'region'>): string =>
  `### Plan for the endpoint ${code(endpointName)} in ${region}`;

const madeBy = ({ head, run }: Pick<PullRequest, 'head' | 'run'>): string =>
  `Of commit ${code(head.slice(0, 12))}, by [this job](<${run}>).`;
