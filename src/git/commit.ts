import type { Clock } from '../clock.js';
import { untilPushed } from './attempts.js';
import { type Branch, fetchBranch, shortName } from './branch.js';
import { commitTree } from './commit-object.js';
import type { Git } from './git.js';
import { uploadLfsObjects } from './lfs-objects.js';
import { push } from './push.js';
import { type Edits, pathsBetween, stage, treeWith } from './tree.js';

export interface Commit {
  /** Undefined: there was nothing to commit. */
  sha: string | undefined;
  /** Name of the branch on the remote. */
  branch: string;
  /** Paths whose content the commit changes. */
  changed: string[];
  /** Paths that were left as somebody else changed them meanwhile. */
  theirs: string[];
}

export interface CommitRequest {
  /** The one that is checked out. */
  branch: Branch;
  edits: Edits;
  message: (changed: readonly string[]) => string;
}

/**
 * Commits the changes and pushes the commit to the branch that is checked out. When somebody else pushed meanwhile, the
 * commit is made anew on theirs, so there is nothing to merge.
 * @throws PushRefused when the server will not have it
 * @throws UserError when the branch is gone
 */
export async function commitAndPush(
  git: Git,
  { branch, edits, message }: CommitRequest,
  context: { clock: Clock; signal: AbortSignal },
): Promise<Commit> {
  const { head, remote, ref } = branch;
  let base = head;
  let moved = false;
  return untilPushed<Commit>(branch.name, context, async () => {
    if (moved) base = (await fetchBranch(git, branch)) ?? base;
    const others = base === head ? new Set<string>() : await pathsBetween(git, head, base);
    const { id, changed, theirs } = await treeWith(git, { base, edits, others });
    if (changed.length === 0) {
      await follow(git, edits, base);
      return { done: { sha: undefined, branch: shortName(ref), changed, theirs } };
    }
    const sha = await commitTree(git, base, id, message(changed));
    await uploadLfsObjects(git, remote, sha, changed);
    // One that was deleted meanwhile is not made again.
    const { state, said } = await push(git, { remote, ref, lease: branch.known ? base : undefined }, sha);
    moved ||= state === 'moved';
    if (state !== 'pushed') return { said };
    await follow(git, edits, sha);
    return { done: { sha, branch: shortName(ref), changed, theirs } };
  });
}

/**
 * Brings the checkout to the commit that was pushed, so that later steps find it. What the user has changed or staged
 * stays; where it stands in the way, the checkout stays behind its remote.
 */
async function follow(git: Git, edits: Edits, commit: string): Promise<void> {
  await stage(git, edits).catch(() => undefined);
  await git(['-c', 'core.hooksPath=/dev/null', 'merge', '--ff-only', '--quiet', commit]);
}
