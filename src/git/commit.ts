import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { UserError } from '../errors.js';
import { type Branch, currentBranch } from './branch.js';
import { type Git, must } from './git.js';
import { push } from './push.js';
import { stage, treeWith, withTemporaryFolder } from './tree.js';

export interface Commit {
  sha: string;
  /** Paths whose content the commit changes. */
  changed: string[];
  /** Paths that were left as somebody else changed them meanwhile. */
  theirs: string[];
}

export interface CommitRequest {
  /** Relative to `folder`, with forward slashes. */
  paths: readonly string[];
  message: (changed: readonly string[]) => string;
  folder: string;
}

/** The account that GitHub shows for commits of a workflow; the user's git configuration is neither read nor written. */
const NAME = 'github-actions[bot]';
const EMAIL = '41898282+github-actions[bot]@users.noreply.github.com';
const IDENTITY = {
  GIT_AUTHOR_NAME: NAME,
  GIT_AUTHOR_EMAIL: EMAIL,
  GIT_COMMITTER_NAME: NAME,
  GIT_COMMITTER_EMAIL: EMAIL,
};

const MOST_ATTEMPTS = 10;
const LONGEST_PAUSE = 10_000;

/**
 * Commits the files and pushes the commit to the branch that is checked out. When somebody else pushed meanwhile, the
 * commit is made anew on theirs, so there is nothing to merge. Undefined: nothing to commit.
 * @throws UserError when the server refuses, or there is no branch to push to
 */
export async function commitAndPush(
  git: Git,
  { paths, message, folder }: CommitRequest,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Commit | undefined> {
  const branch = await currentBranch(git, folder);
  let base = branch.head;
  let said = '';
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const tree = await treeWith(git, base, branch.head, paths);
    if (tree.changed.length === 0) {
      await follow(git, paths, base);
      return undefined;
    }
    const sha = await commitTree(git, base, tree.id, message(tree.changed));
    const result = await push(git, branch, base, sha);
    said = result.said;
    if (result.state === 'pushed') {
      await follow(git, paths, sha);
      return { sha, changed: tree.changed, theirs: tree.theirs };
    }
    // Runs that started together must not collide again and again.
    await clock.sleep(Math.random() * Math.min(250 * 2 ** attempt, LONGEST_PAUSE), signal);
    if (result.state === 'moved') base = (await newHead(git, branch)) ?? base;
  }
  throw new UserError(
    `The transcripts could not be pushed to ${branch.name} in ${MOST_ATTEMPTS} attempts, the last time because: ${said}`,
    'Run the step again: it pays for nothing twice. A concurrency: group on the workflow keeps its runs apart.',
  );
}

/** Makes the commit, which no branch has yet. No hook runs, and nothing is signed. */
function commitTree(git: Git, base: string, tree: string, message: string): Promise<string> {
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'message');
    await writeFile(file, `${message}\n`);
    return must(git, ['commit-tree', '-p', base, '-F', file, tree], IDENTITY);
  });
}

/** The branch's commit on the remote. Only what is new is fetched, so a shallow checkout stays shallow. */
async function newHead(git: Git, branch: Branch): Promise<string | undefined> {
  const fetch = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules'];
  const { code, stderr } = await git([...fetch, '--', branch.remote, branch.ref]);
  if (/couldn't find remote ref/.test(stderr)) {
    throw new UserError(
      `The branch ${branch.name} is no longer on ${branch.remote}.`,
      'It was deleted meanwhile, as after a merge. The transcripts are in the workspace, and a run on another branch publishes them without paying for them again.',
    );
  }
  return code === 0 ? must(git, ['rev-parse', '--verify', 'FETCH_HEAD^{commit}']) : undefined;
}

/**
 * Brings the checkout to the commit that was pushed, so that later steps find it. What the user has changed or staged
 * stays; where it stands in the way, the checkout stays behind its remote.
 */
async function follow(git: Git, paths: readonly string[], commit: string): Promise<void> {
  await stage(git, paths).catch(() => undefined);
  await git(['-c', 'core.hooksPath=/dev/null', 'merge', '--ff-only', '--quiet', commit]);
}
