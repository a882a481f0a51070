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
 * Why a run has nothing to do, in one line: its push or pull request does not concern the deployment, or a later push does,
 * too. Undefined: it goes on. So does what changed nothing itself (a person's start, a schedule), and what cannot be known,
 * with a notice: a plan changes nothing, and a deploy only what differs.
 */
export async function reasonToSkip(
  context: Context,
  settings: Settings,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const { deploymentPaths, mode } = settings;
  const event = await readEvent(environment);
  if (deploymentPaths.length === 0 || event.kind === 'other') return undefined;
  const defines = definesDeployment(settings, environment);
  const changed = await changedPaths(context, settings, rangeOf(event, environment), environment);
  const unknown = 'unknown' in changed ? changed.unknown : 'unknown' in defines ? defines.unknown : undefined;
  if (unknown !== undefined) context.log.notice(`deployment-paths: ${unknown} The deployment is looked at.`);
  if ('unknown' in defines) return undefined;
  if (!('unknown' in changed) && !changed.paths.some(defines.matches)) {
    const what = event.kind === 'pull-request' ? 'pull request' : 'push';
    return `This ${what} changes nothing that defines the deployment (deployment-paths: ${shown(deploymentPaths.join(', '))}), so nothing is ${mode === 'plan' ? 'planned' : 'deployed'}.`;
  }
  return mode === 'deploy' ? supersededBy(context, settings, event, defines.matches, environment) : undefined;
}

/**
 * Jobs that wait for each other, or for an approval, and those that are run again need not come in the order of their
 * pushes. An older push must not undo what a newer one has deployed or is about to deploy.
 */
async function supersededBy(
  context: Context,
  settings: Settings,
  event: Event,
  matches: Matches,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const [, branch] = (event.kind === 'push' && /^refs\/heads\/(.+)$/.exec(event.ref)) || [];
  if (event.kind !== 'push' || branch === undefined) return undefined;
  const since = await changedPaths(context, settings, { from: event.after, to: branch, pushed: true }, environment);
  const isSuperseded = 'unknown' in since ? since.takenBack === true : since.paths.some(matches);
  return isSuperseded
    ? `A later push to ${shown(branch)} changes what defines the deployment again, and deploys it; this one deploys nothing any more.`
    : undefined;
}

/** Which files of the repository the settings call the deployment's. */
export function definesDeployment(
  { deploymentPaths, model }: Pick<Settings, 'deploymentPaths' | 'model'>,
  environment: NodeJS.ProcessEnv,
): { matches: Matches } | { unknown: string } {
  const globs = deploymentPaths.filter((glob) => glob !== WORKFLOW).map((glob) => glob.replace(/^(!?)\.\//, '$1'));
  const isWorkflow = globs.length < deploymentPaths.length ? workflowMatcher(environment) : () => false;
  if (!isWorkflow) {
    return { unknown: `the workflow that runs is not a file of this repository, so ${WORKFLOW} stands for none.` };
  }
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
  return { matches: (path) => !unwanted(path) && (isWorkflow(path) || ofWeights(path) || wanted(path)) };
}

/**
 * Matches the workflow that was started, also where it calls another one; undefined: it is another repository's, as one that
 * an organization requires. `GITHUB_WORKFLOW_REF` is `OWNER/NAME/.github/workflows/FILE@REF`; where the runner does not tell
 * it, as act and older servers, it can be any workflow.
 */
function workflowMatcher({ GITHUB_WORKFLOW_REF, GITHUB_REPOSITORY }: NodeJS.ProcessEnv): Matches | undefined {
  if (!GITHUB_WORKFLOW_REF) return (path) => path.startsWith('.github/workflows/');
  const [, repository, file] = /^([^/]+\/[^/]+)\/([^@]+)@/.exec(GITHUB_WORKFLOW_REF) ?? [];
  // Letter by letter: a name may have characters that mean something in a glob.
  return repository?.toLowerCase() === GITHUB_REPOSITORY?.toLowerCase() ? (path) => path === file : undefined;
}

/** Where the weights lie in the repository; undefined: nowhere. */
function folderOfWeights(model: Settings['model'], { GITHUB_WORKSPACE }: NodeJS.ProcessEnv): string | undefined {
  if (model.kind !== 'folder') return undefined;
  const workspace = GITHUB_WORKSPACE || process.cwd();
  const path = model.path.startsWith('/') ? relative(workspace, model.path) : model.path;
  const folder = posix.normalize(path.replaceAll(sep, '/')).replace(/(?<=.)\/$/, '');
  return /^(?:\.\.(?:\/|$)|\/|~)/.test(folder) ? undefined : folder;
}

/** What was added, changed, renamed and removed; asked of GitHub, so that it needs no checkout. */
async function changedPaths(
  context: Context,
  { githubToken }: Settings,
  range: Range | 'nothing' | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<{ paths: string[] } | { unknown: string; takenBack?: true }> {
  if (range === 'nothing') return { paths: [] };
  if (!range) return { unknown: 'there is nothing to compare this push with.' };
  if (githubToken === undefined) return { unknown: 'the input github-token, to ask GitHub with, is empty.' };
  try {
    const rest = await openRest(githubToken, environment['GITHUB_REPOSITORY'] ?? '', context);
    const changes = await askChanges(rest, range);
    if (changes === 'cut off') return { unknown: 'GitHub does not tell all of the changes.' };
    if (changes === 'taken back') return { unknown: 'this push took commits away.', takenBack: true };
    return { paths: [...changes.present, ...changes.removed] };
  } catch (error) {
    context.signal.throwIfAborted();
    const permission = 'pullRequest' in range ? 'pull-requests: read' : 'contents: read';
    const remedy = [403, 404].includes(statusOf(error) ?? 0) ? ` Give the job \`permissions: ${permission}\`.` : '';
    return { unknown: `GitHub did not tell the changes: ${shown((error as Error).message)}.${remedy}` };
  }
}

type Known = Exclude<Event, { kind: 'other' }>;

/** What to ask GitHub for; undefined: there is nothing that could be asked for. */
function rangeOf(event: Known, { GITHUB_SHA }: NodeJS.ProcessEnv): Range | 'nothing' | undefined {
  if (event.kind === 'deletion') return 'nothing';
  if (event.kind === 'pull-request') return { pullRequest: event.number };
  if (event.kind === 'merge-group') return GITHUB_SHA ? { from: event.base, to: GITHUB_SHA } : undefined;
  if (event.before !== undefined) return { from: event.before, to: event.after, pushed: true };
  // A new branch: what the main branch does not have.
  const isNewBranch = event.ref.startsWith('refs/heads/') && event.ref !== `refs/heads/${event.default}`;
  return isNewBranch && event.default !== undefined ? { from: event.default, to: event.after } : undefined;
}
