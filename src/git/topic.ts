import type { Clock } from '../clock.js';
import { UserError } from '../errors.js';
import { type Attempt, untilPushed } from './attempts.js';
import { type Branch, fetchBranch } from './branch.js';
import { commitTree, EMAIL } from './commit-object.js';
import { type Git, must } from './git.js';
import { uploadLfsObjects } from './lfs-objects.js';
import { push } from './push.js';
import { type Edits, pathsBetween, treeWith } from './tree.js';

/** What stands on the topic branch and is still to be merged. */
export interface Unmerged {
  /** The commit of the base branch that it began at. */
  fork: string;
  /** Commits from there to the branch's head. */
  ahead: number;
}

export interface TopicRequest {
  /** The branch that is checked out, into which the topic is to be merged. */
  base: Branch;
  /** Name of the topic branch. */
  topic: string;
  edits: Edits;
  message: (changed: readonly string[]) => string;
  /** Says of the heads of both branches what is unmerged; undefined: all of it was merged, or nobody wants it. */
  unmerged: (base: string, topic: string) => Promise<Unmerged | undefined>;
}

export interface Topic {
  /** Whether there was something to push. */
  pushed: boolean;
  /** Head of the topic branch. */
  sha: string;
  /** Paths of ours that were pushed. */
  changed: string[];
  /** Paths of ours that are as somebody else made them. */
  theirs: string[];
  /** All that a merge would change, from the repository's root. */
  files: string[];
}

/** An earlier state of the topic branch whose content has to stay. */
interface Earlier extends Unmerged {
  tip: string;
  /** Paths that people have changed on it. Undefined: all of it is ours. */
  foreign: Set<string> | undefined;
}

/**
 * Brings a topic branch up to date: the base branch's head as it is now, what earlier runs have put on the topic branch
 * and is not merged yet, and our changes on top. The checkout is not touched. Where people have pushed to the topic
 * branch, our commit comes on top of theirs instead, and what they changed is theirs.
 * Undefined: the base branch has all of it.
 * @throws PushRefused when the server will not have it
 */
export async function pushTopic(
  git: Git,
  request: TopicRequest,
  context: { clock: Clock; signal: AbortSignal },
): Promise<Topic | undefined> {
  return untilPushed(request.topic, context, () => attempt(git, request));
}

async function attempt(git: Git, request: TopicRequest): Promise<Attempt<Topic | undefined>> {
  const { base, topic, unmerged } = request;
  const head = await fetchBranch(git, base);
  const tip = await remoteHead(git, base.remote, topic);
  if (head === undefined || tip === undefined) return { said: `${base.remote} does not answer` };
  const waiting = tip === '' ? undefined : await unmerged(head, tip);
  const earlier = waiting && (await fetchEarlier(git, request, tip, waiting));
  if (waiting && !earlier) return { said: `${topic} moved` };
  if (earlier) {
    const there = await treeWith(git, { base: tip, edits: request.edits, others: earlier.foreign ?? new Set() });
    if (there.changed.length === 0) {
      const files = [...(await pathsBetween(git, earlier.fork, tip, true))];
      return { done: { pushed: false, sha: tip, changed: [], theirs: there.theirs, files } };
    }
  }
  return build(git, request, { head, tip, earlier });
}

async function build(
  git: Git,
  { base, topic, edits, message }: TopicRequest,
  { head, tip, earlier }: { head: string; tip: string; earlier: Earlier | undefined },
): Promise<Attempt<Topic | undefined>> {
  // A commit of somebody else is not thrown away, and so the branch stays where it began.
  const onTop = earlier?.foreign !== undefined;
  const parent = onTop ? tip : head;
  const { id, changed, theirs } = await treeWith(git, {
    base: parent,
    edits,
    others: earlier?.foreign ?? (await pathsBetween(git, base.head, head)),
    ...(earlier && !onTop && { carried: { from: earlier.fork, to: tip } }),
  });
  const files = [...(await pathsBetween(git, onTop ? earlier.fork : head, id, true))];
  if (files.length === 0) return { done: undefined };
  const sha = await commitTree(git, parent, id, message(changed));
  await uploadLfsObjects(git, base.remote, sha, changed);
  const { state, said } = await push(git, { remote: base.remote, ref: `refs/heads/${topic}`, lease: tip }, sha);
  return state === 'pushed' ? { done: { pushed: true, sha, changed, theirs, files } } : { said };
}

/** Head of a branch of the remote; '': there is no such branch; undefined: the remote was not reached. */
async function remoteHead(git: Git, remote: string, name: string): Promise<string | undefined> {
  const ref = `refs/heads/${name}`;
  const { code, stdout } = await git(['ls-remote', '--', remote, ref]);
  if (code !== 0) return undefined;
  const found = stdout.split('\n').map((line) => line.split('\t'));
  return found.find(([, listed]) => listed === ref)?.[0] ?? '';
}

/** Fetches what is unmerged, in a shallow checkout no further than it begins. Undefined: it is not there any more. */
async function fetchEarlier(
  git: Git,
  { base, topic }: TopicRequest,
  tip: string,
  waiting: Unmerged,
): Promise<Earlier | undefined> {
  const known = (await git(['cat-file', '-e', `${waiting.fork}^{commit}`], { GIT_NO_LAZY_FETCH: '1' })).code === 0;
  const fetched = await fetchBranch(
    git,
    { remote: base.remote, ref: `refs/heads/${topic}` },
    known ? undefined : waiting.ahead + 1,
  ).catch((error: unknown) => {
    if (error instanceof UserError) return undefined;
    throw error;
  });
  if (fetched !== tip) return undefined;
  return { ...waiting, tip, foreign: await foreignPaths(git, waiting.fork, tip) };
}

/** What others have changed on the topic branch; undefined: nobody but runs of ours has pushed to it. */
async function foreignPaths(git: Git, fork: string, tip: string): Promise<Set<string> | undefined> {
  const log = await must(git, ['log', '--format=%H %P %ce', `${fork}..${tip}`]);
  const commits = log.split('\n').map((line) => line.split(' '));
  const foreign = commits.filter((words) => words.length > 1 && words.at(-1) !== EMAIL);
  if (foreign.length === 0) return undefined;
  const paths = new Set<string>();
  for (const [commit, parent, ...more] of foreign) {
    // A merge brings the base branch's changes, which are in the base branch.
    if (commit === undefined || parent === undefined || more.length !== 1) continue;
    for (const path of await pathsBetween(git, parent, commit)) paths.add(path);
  }
  return paths;
}
