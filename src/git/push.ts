import { UserError } from '../errors.js';
import type { Branch } from './branch.js';
import type { Git } from './git.js';

export interface PushResult {
  /** `moved`: somebody else pushed first. `unreachable`: the network or the server failed. */
  state: 'pushed' | 'moved' | 'unreachable';
  /** What git said. */
  said: string;
}

/** Refusals that say that the branch is not where it was: by git's push report and by the server's lock of the ref. */
const MOVED = /\[rejected\]|fetch first|non-fast-forward|cannot lock ref|incorrect old value|failed to update ref/;
const DENIED =
  /\b403\b|\b401\b|permission .*denied|denied to|access denied|authentication failed|could not read (?:username|password)|terminal prompts disabled|repository not found|write access .*not granted/i;

/**
 * Pushes a commit onto the branch, which must be at `base` still where the remote had it: one that was deleted meanwhile
 * is not made again.
 * @throws UserError when the server will not have it
 */
export async function push(git: Git, branch: Branch, base: string, commit: string): Promise<PushResult> {
  const lease = branch.known ? [`--force-with-lease=${branch.ref}:${base}`] : [];
  const refspec = `${commit}:${branch.ref}`;
  const { code, stdout, stderr } = await git(['push', '--porcelain', ...lease, '--', branch.remote, refspec]);
  const all = `${stdout}\n${stderr}`;
  const said = lastWords(all);
  if (code === 0) return { state: 'pushed', said };
  const where = `${branch.ref.replace('refs/heads/', '')} on ${branch.remote}`;
  const stays = 'The transcripts are in the workspace, and the next run publishes them without paying for them again.';
  if (/\[remote rejected\]/.test(all) && !MOVED.test(all)) {
    throw new UserError(
      `The server refused the push to ${where}: ${said}`,
      `The branch may be protected: allow github-actions[bot] to push to it, or use publish: artifact. ${stays}`,
    );
  }
  if (MOVED.test(all)) return { state: 'moved', said };
  if (DENIED.test(all)) {
    throw new UserError(
      `No permission to push to ${where}: ${said}`,
      `Give the job permissions: contents: write, and leave persist-credentials of actions/checkout on. ${stays}`,
    );
  }
  return { state: 'unreachable', said };
}

/** What git and the server said, on one line, without the addresses and the transfer's statistics. */
function lastWords(said: string): string {
  const lines = said
    .split('\n')
    .map((line) => line.replace(/\/\/[^/@\s]+@/g, '//').trim())
    .filter((line) => line !== '' && !/^(?:To |Done$|hint:|error: failed to push|remote:$)/.test(line));
  return lines.slice(-8).join(' ').replace(/\s+/g, ' ');
}
