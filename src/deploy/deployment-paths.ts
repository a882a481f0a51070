import { posix, relative, sep } from 'node:path';
import type { Context } from '../context.js';
import { askChanges, type Range } from '../github/changed-files.js';
import { type Event, readEvent } from '../github/event.js';
import { openRest, statusOf } from '../github/rest.js';
import { type Matches, matcher } from '../matcher.js';
import type { DeploySettings } from '../settings/deploy.js';
import { shown } from '../shown.js';

type Settings = Pick<DeploySettings, 'mode' | 'deploymentPaths' | 'model' | 'githubToken'>;

/** Stands for the file of the workflow that runs. */
const WORKFLOW = '{workflow}';

/**
 * Why the push or pull request that the workflow runs for does not concern the deployment, in one line; undefined: it
 * does. So does what changed nothing itself (a person's start, a schedule), and what cannot be known, with a notice: a plan
 * changes nothing, and a deploy only what differs.
 */
export async function untouched(
  context: Context,
  settings: Settings,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const { deploymentPaths, mode } = settings;
  if (deploymentPaths.length === 0) return undefined;
  const event = await readEvent(environment);
  if (event.kind === 'other') return undefined;
  const changed = await changedPaths(context, settings, event, environment);
  const defines = definesDeployment(settings, environment);
  const unknown = 'unknown' in changed ? changed.unknown : 'unknown' in defines ? defines.unknown : undefined;
  if (unknown !== undefined) context.log.notice(`deployment-paths: ${unknown} The deployment is looked at.`);
  if ('unknown' in changed || 'unknown' in defines || changed.paths.some(defines.matches)) return undefined;
  const what = event.kind === 'pull-request' ? 'pull request' : 'push';
  return `This ${what} changes nothing that defines the deployment (deployment-paths: ${shown(deploymentPaths.join(', '))}), so nothing is ${mode === 'plan' ? 'planned' : 'deployed'}.`;
}

/** Which files of the repository the settings call the deployment's. */
export function definesDeployment(
  { deploymentPaths, model }: Pick<Settings, 'deploymentPaths' | 'model'>,
  environment: NodeJS.ProcessEnv,
): { matches: Matches } | { unknown: string } {
  const globs = deploymentPaths.filter((glob) => glob !== WORKFLOW).map((glob) => glob.replace(/^(!?)\.\//, '$1'));
  const workflow = workflowFile(environment);
  if (globs.length < deploymentPaths.length && workflow === undefined) {
    return { unknown: `the workflow that runs is not a file of this repository, so ${WORKFLOW} stands for none.` };
  }
  // Whole paths: a name may have characters that mean something in a glob.
  const exact = globs.length < deploymentPaths.length ? workflow : undefined;
  const folder = folderOfWeights(model, environment);
  const wanted = matcher(
    globs.filter((glob) => !glob.startsWith('!')),
    { dot: true },
  );
  const unwanted = matcher(
    globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1)),
    { dot: true },
  );
  const ofWeights = (path: string) => folder !== undefined && (folder === '.' || `${path}/`.startsWith(`${folder}/`));
  return { matches: (path) => !unwanted(path) && (path === exact || ofWeights(path) || wanted(path)) };
}

/**
 * Path of the workflow that was started, also where it calls another one; undefined: it is another repository's, as one
 * that an organization requires. `GITHUB_WORKFLOW_REF` is `OWNER/NAME/.github/workflows/FILE@REF`.
 */
function workflowFile({ GITHUB_WORKFLOW_REF, GITHUB_REPOSITORY }: NodeJS.ProcessEnv): string | undefined {
  const [, repository, path] = /^([^/]+\/[^/]+)\/([^@]+)@/.exec(GITHUB_WORKFLOW_REF ?? '') ?? [];
  return repository?.toLowerCase() === GITHUB_REPOSITORY?.toLowerCase() ? path : undefined;
}

/** Where the weights lie in the repository; undefined: nowhere. */
function folderOfWeights(model: Settings['model'], { GITHUB_WORKSPACE }: NodeJS.ProcessEnv): string | undefined {
  if (model.kind !== 'folder') return undefined;
  const workspace = GITHUB_WORKSPACE || process.cwd();
  const path = model.path.startsWith('/') ? relative(workspace, model.path) : model.path;
  const folder = posix.normalize(path.replaceAll(sep, '/')).replace(/(?<=.)\/$/, '');
  return /^(?:\.\.(?:\/|$)|\/|~)/.test(folder) ? undefined : folder;
}

type Known = Exclude<Event, { kind: 'other' }>;

/** What the event has added, changed, renamed and removed; asked of GitHub, so that it needs no checkout. */
async function changedPaths(
  context: Context,
  { githubToken }: Settings,
  event: Known,
  environment: NodeJS.ProcessEnv,
): Promise<{ paths: string[] } | { unknown: string }> {
  if (event.kind === 'deletion') return { paths: [] };
  const range = rangeOf(event, environment);
  if (!range) return { unknown: 'there is nothing to compare this push with.' };
  if (githubToken === undefined) return { unknown: 'the input github-token, to ask GitHub with, is empty.' };
  try {
    const rest = await openRest(githubToken, environment['GITHUB_REPOSITORY'] ?? '', context);
    const changes = await askChanges(rest, range);
    if (changes === 'cut off') return { unknown: 'GitHub does not tell all of the changes.' };
    return { paths: [...changes.present, ...changes.removed] };
  } catch (error) {
    context.signal.throwIfAborted();
    const permission = event.kind === 'pull-request' ? 'pull-requests: read' : 'contents: read';
    const remedy = [403, 404].includes(statusOf(error) ?? 0) ? ` Give the job \`permissions: ${permission}\`.` : '';
    return { unknown: `GitHub did not tell the changes: ${shown((error as Error).message)}.${remedy}` };
  }
}

function rangeOf(event: Exclude<Known, { kind: 'deletion' }>, { GITHUB_SHA }: NodeJS.ProcessEnv): Range | undefined {
  if (event.kind === 'pull-request') return { pullRequest: event.number };
  if (event.kind === 'merge-group') return GITHUB_SHA ? { from: event.base, to: GITHUB_SHA } : undefined;
  if (event.before !== undefined) return { from: event.before, to: event.after, pushed: true };
  // A new branch: what the main branch does not have.
  const isNewBranch = event.ref.startsWith('refs/heads/') && event.ref !== `refs/heads/${event.default}`;
  return isNewBranch && event.default !== undefined ? { from: event.default, to: event.after } : undefined;
}
