import * as core from '@actions/core';
import type { Context } from '../context.js';
import { isChange } from '../deploy/changes.js';
import type { Progress } from '../deploy/progress.js';
import { type DeployResult, resultOf } from '../deploy/result.js';
import type { DeploySettings } from '../settings/deploy.js';
import { withoutAccounts } from './accounts.js';
import { doneRows, headline, plannedRows, type Row, whatDiffers } from './changes.js';
import { costLines } from './cost.js';
import { failureBlock, type Told, toldOf } from './failure.js';
import { cell, code, link, stepTimes, table } from './markdown.js';
import { resourceUrl } from './resource-url.js';
import { writeSummary } from './summary.js';

/**
 * Tells the story of a plan or a deploy to the workflow as outputs and job summary, and a plan to its pull request; also
 * when it ends half-way.
 */
export async function tellDeploy(
  context: Context,
  settings: DeploySettings,
  progress: Progress,
  story: () => Promise<unknown>,
): Promise<void> {
  const { endpointName, mode } = settings;
  const ending = await story().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const failure = ending && toldOf(ending.error, context.signal);
  const result = resultOf(endpointName, progress, mode);
  for (const [name, value] of Object.entries(deployOutputs(result, context.account))) core.setOutput(name, value);
  await writeSummary(deploySummary(settings, context.account, result, failure));
  if (mode === 'plan' && settings.comment) {
    const { tellPullRequest } = await import('./plan-comment.js');
    await tellPullRequest(context, settings, result, failure !== undefined);
  }
  if (ending) throw ending.error;
  if (mode === 'deploy')
    core.info(
      `The endpoint ${endpointName} ${result.changes.length === 0 ? 'is as wanted' : 'serves what was asked for'}.`,
    );
}

/**
 * Tells that nothing was looked at.
 * @param reason in one line
 */
export async function tellSkipped(context: Context, settings: DeploySettings, reason: string): Promise<void> {
  context.log.notice(reason);
  const outputs = { 'endpoint-name': settings.endpointName, changed: 'false', changes: '[]', skipped: 'true' };
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
  await writeSummary(`## Endpoint ${code(settings.endpointName)}\n\n${cell(reason)}\n`);
  if (settings.mode === 'plan' && settings.comment) {
    const { takeBackPlan } = await import('./plan-comment.js');
    await takeBackPlan(context, settings);
  }
}

/** Values of the outputs in action.yml, by name; only ARN and bucket hold the account's id. Pure. */
export function deployOutputs(result: DeployResult, account: string): Record<string, string> {
  return {
    'endpoint-name': result.endpointName,
    'endpoint-arn': result.endpointArn,
    'image-repository': result.imageRepository,
    'image-digest': result.imageDigest,
    'model-data': result.modelData,
    changed: String(result.changes.some(isChange)),
    skipped: 'false',
    changes: withoutAccounts(JSON.stringify(result.changes), account),
  };
}

/**
 * The job summary in Markdown. Pure.
 * @param failure why it ended half-way; undefined: it did not
 */
export function deploySummary(
  settings: DeploySettings,
  account: string,
  result: DeployResult,
  failure?: Pick<Told, 'message' | 'remedy'>,
): string {
  const { endpointName, mode, region } = settings;
  const { imageDigest, registryId, steps } = result;
  const place = { endpointName, region, account, registryId };
  const rows = mode === 'plan' ? plannedRows(result.planned) : doneRows(result, failure !== undefined);
  const links = rows.map((row) => linkedRow(row, row.exists ? resourceUrl(place, row.change) : undefined));
  return [
    `## Endpoint ${code(endpointName)}`,
    '',
    headline(mode, result, failure !== undefined),
    '',
    ...(failure ? failureBlock(failure) : []),
    ...(links.length > 0
      ? [table(['Resource', 'Name', mode === 'plan' ? 'Action' : 'State', 'What differs'], links), '']
      : []),
    ...(imageDigest === '' ? [] : [`Digest of the image: ${code(imageDigest)}`, '']),
    ...costLines(settings, startOf(result)).flatMap((line) => [line, '']),
    ...stepTimes(steps),
  ].join('\n');
}

function linkedRow({ change, state }: Row, url: string | undefined): string[] {
  return [cell(change.resource), link(change.name, url), state, whatDiffers(change)];
}

/** Seconds that an instance took until it served; undefined: this deploy started none, or did not see it from its start. */
function startOf({ changes, steps, deploying }: DeployResult): number | undefined {
  const started = changes.some(({ resource, action }) => resource === 'endpoint' && action !== 'delete');
  return started && !deploying ? steps.find(({ step, failed }) => step === 'wait' && !failed)?.seconds : undefined;
}
