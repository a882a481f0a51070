import { posix } from 'node:path';
import type { Context } from '../../context.js';
import {
  type Changes,
  changesBetween,
  folderInRepository,
  headCommit,
  mergeBase,
  obtainCommit,
  remoteUrl,
} from '../../git/changes.js';
import { type Git, openGit } from '../../git/git.js';
import { askChanges, type Range } from '../../github/changed-files.js';
import { type Event, readEvent } from '../../github/event.js';
import { openRest, repositoryAt } from '../../github/rest.js';
import type { Matches } from '../../matcher.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { OPTIONS_FILE } from '../examine/options.js';
import { foldersOf } from './globs.js';

type Settings = Pick<TranscribeSettings, 'workspace' | 'githubToken'>;

/** What was changed; or why nobody can say, in words. */
type Answer = Changes | { unknown: string };

interface Checkout {
  git: Git;
  head: { sha: string; parents: string[] };
}

/**
 * Tells the files of the workspace that the event's push or pull request has added or changed. When that cannot be known,
 * all count, and a notice says why: what has a transcript is not paid for again.
 */
export async function changedFiles(
  context: Context,
  settings: Settings,
  environment: NodeJS.ProcessEnv,
): Promise<Matches> {
  const git = openGit(settings.workspace, context.signal);
  const answer = await answerOf(context, settings, git, environment);
  if ('unknown' in answer) {
    context.log.notice(`changed-only: ${answer.unknown} All files are looked at.`);
    return () => true;
  }
  return touchedBy(answer, await folderInRepository(git));
}

async function answerOf(
  context: Context,
  settings: Settings,
  git: Git,
  environment: NodeJS.ProcessEnv,
): Promise<Answer> {
  const event = await readEvent(environment);
  if (event.kind === 'deletion') return { present: [], removed: [] };
  if (event.kind === 'other') return { unknown: `the event "${shown(event.name)}" tells no changes.` };
  const head = await headCommit(git);
  if (!head) return { unknown: `no commit of a repository is checked out in ${settings.workspace}.` };
  const checkout = { git, head };
  const base = await baseOf(event, checkout);
  if (typeof base === 'object') return base;
  if (base !== undefined) return changesBetween(git, base, head.sha);
  const range = rangeOf(event);
  return range
    ? ask(context, settings, checkout, { event, range, environment })
    : { unknown: 'the commit that came before could not be fetched.' };
}

type Known = Exclude<Event, { kind: 'deletion' | 'other' }>;

/** The commit to compare what is checked out with. Undefined: it is not to be had here. */
async function baseOf(event: Known, { git, head }: Checkout): Promise<string | { unknown: string } | undefined> {
  if (event.kind === 'merge-group') return obtainCommit(git, event.base);
  if (event.kind === 'pull-request') {
    // GitHub's merge of the pull request into its base: what the merge changes is what the pull request changes.
    const [base, merged] = head.parents;
    if (base !== undefined && merged === event.head) return obtainCommit(git, base);
    return mergeBase(git, event.base, head.sha);
  }
  if (event.before !== undefined) return obtainCommit(git, event.before);
  if (!event.ref.startsWith('refs/heads/')) return { unknown: 'a new tag changes nothing.' };
  if (event.default === undefined || event.ref === `refs/heads/${event.default}`) {
    return { unknown: 'this is the first push of the main branch.' };
  }
  // Of a new branch: what the main branch does not have.
  return obtainCommit(git, `refs/heads/${event.default}`);
}

/** What to ask GitHub for instead. */
function rangeOf(event: Known): Range | undefined {
  if (event.kind === 'pull-request') return { pullRequest: event.number };
  if (event.kind !== 'push') return undefined;
  if (event.before !== undefined) return { from: event.before, to: event.after, pushed: true };
  return event.default === undefined ? undefined : { from: event.default, to: event.after };
}

async function ask(
  context: Context,
  { githubToken }: Settings,
  { git, head }: Checkout,
  { event, range, environment }: { event: Known; range: Range; environment: NodeJS.ProcessEnv },
): Promise<Answer> {
  const not = (why: string) => ({ unknown: `the commit that came before could not be fetched, and ${why}` });
  const { GITHUB_REPOSITORY: repository = '' } = environment;
  // The event is told of one repository, and another one can be checked out.
  const checkedOut = repositoryAt(await remoteUrl(git), environment) ?? '';
  if (checkedOut.toLowerCase() !== repository.toLowerCase()) return not(`the checkout is not of ${repository}.`);
  if (event.kind === 'push' && event.after !== head.sha)
    return not('another commit than the one pushed is checked out.');
  if (githubToken === undefined) return not('the input github-token, to ask GitHub with, is empty.');
  try {
    const changes = await askChanges(await openRest(githubToken, repository, context), range);
    return typeof changes === 'string' ? not('GitHub does not tell all of the changes.') : changes;
  } catch (error) {
    context.signal.throwIfAborted();
    return not(`GitHub did not tell the changes: ${shown((error as Error).message)}.`);
  }
}

/** A file counts also when what lies above it was changed: its submodule, or a `whisper.yml`, also one that was removed. */
function touchedBy({ present, removed }: Changes, folder: string): Matches {
  const touched = new Set(present);
  for (const path of [...present, ...removed])
    if (posix.basename(path) === OPTIONS_FILE) touched.add(posix.dirname(path));
  return (path) => [folder + path, ...foldersOf(folder + path), '.'].some((one) => touched.has(one));
}
