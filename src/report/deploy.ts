import * as core from '@actions/core';
import { type Change, isChange } from '../deploy/changes.js';
import type { Progress } from '../deploy/progress.js';
import { type DeployResult, resultOf } from '../deploy/result.js';
import type { DeploySettings } from '../settings/deploy.js';

/** Tells the story of a plan or a deploy to the workflow as outputs and job summary, also when it ends half-way. */
export async function tellDeploy(
  { endpointName, mode }: Pick<DeploySettings, 'endpointName' | 'mode'>,
  progress: Progress,
  story: () => Promise<readonly Change[]>,
): Promise<void> {
  try {
    const changes = await story();
    await reportDeploy(resultOf(endpointName, progress, changes));
    if (mode === 'deploy')
      core.info(`The endpoint ${endpointName} ${changes.length === 0 ? 'is as wanted' : 'serves what was asked for'}.`);
  } catch (error) {
    await reportDeploy(resultOf(endpointName, progress));
    throw error;
  }
}

async function reportDeploy(result: DeployResult): Promise<void> {
  for (const [name, value] of Object.entries(deployOutputs(result))) core.setOutput(name, value);
  // Outside of a workflow there is no summary to write to.
  if (process.env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(deploySummary(result), true).write();
}

/** Values of the outputs in action.yml, by name. Pure. */
export function deployOutputs(result: DeployResult): Record<string, string> {
  return {
    'endpoint-name': result.endpointName,
    'endpoint-arn': result.endpointArn,
    'image-repository': result.imageRepository,
    'image-digest': result.imageDigest,
    'model-data': result.modelData,
    changed: String(result.changes.some(isChange)),
    changes: JSON.stringify(result.changes),
  };
}

/** The job summary in Markdown. Pure. */
export function deploySummary({ endpointName, changes, steps, modelData, imageDigest }: DeployResult): string {
  const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    `## Endpoint ${code(endpointName)}`,
    '',
    changes.length === 0
      ? 'Nothing had to be changed.'
      : table(['Resource', 'Name', 'Action', 'What changed'], changes.map(changeRow)),
    '',
    `Image ${code(imageDigest)}, model ${code(modelData)}`,
    '',
    `<details><summary>${seconds(total)}</summary>`,
    '',
    table(
      ['Step', 'Time'],
      steps.map(({ step, seconds: taken }) => [cell(step), seconds(taken)]),
    ),
    '',
    '</details>',
    '',
  ].join('\n');
}

const changeRow = ({ resource, name, action, fields, note }: Change): string[] => [
  cell(resource),
  code(name),
  action,
  [
    ...fields.map(({ field, old, new: now }) => `${cell(field)}: ${code(old)} → ${code(now)}`),
    ...(note === undefined ? [] : [cell(note)]),
  ].join('<br>'),
];

const table = (heads: string[], rows: string[][]): string =>
  [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const seconds = (value: number): string => (value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`);

const LONGEST_CELL = 300;

/** Text that can be nothing else in a Markdown table: no pipe, no HTML, no line break, no markup. */
export function cell(text: string): string {
  const short = text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
  return short
    .replace(/\s+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|~#@]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const code = (text: string): string => (text === '' ? '' : `<code>${cell(text)}</code>`);
