import { UserError } from '../errors.js';
import { shortName } from './branch.js';
import type { Git } from './git.js';

export interface PushResult {
  /** `moved`: somebody else pushed first. `unreachable`: the network or the server failed. */
  state: 'pushed' | 'moved' | 'unreachable';
  /** What git said. */
  said: string;
}

export interface PushTarget {
  remote: string;
  /** Full name of the branch. */
  ref: string;
  /** Where the branch has to be still; '' where none may be; undefined: git's own rule, forward only. */
  lease: string | undefined;
}

/** The server will not have the push, however often it is tried. */
export class PushRefused extends UserError {
  /** `rules`: of the branch, such as its protection; another branch may have others. `permission`: to push at all. */
  readonly by: 'rules' | 'permission';

  constructor(by: PushRefused['by'], message: string, remedy: string) {
    super(message, remedy);
    this.by = by;
  }
}

/** Refusals that say that the branch is not where it was: by git's push report and by the server's lock of the ref. */
const MOVED = /\[rejected\]|fetch first|non-fast-forward|cannot lock ref|incorrect old value|failed to update ref/;
const DENIED =
  /\b403\b|\b401\b|permission .*denied|denied to|access denied|authentication failed|could not read (?:username|password)|terminal prompts disabled|repository not found|write access .*not granted/i;
/** Whether git says that whoever pushes may not. */
export const isDenied = (said: string): boolean => DENIED.test(said);
const STAYS = 'The transcripts are in the workspace, and the next run publishes them without paying for them again.';

/** @throws PushRefused when the server will not have it */
export async function push(git: Git, { remote, ref, lease }: PushTarget, commit: string): Promise<PushResult> {
  const leased = lease === undefined ? [] : [`--force-with-lease=${ref}:${lease}`];
  const args = ['push', '--porcelain', ...leased, '--', remote, `${commit}:${ref}`];
  const { code, stdout, stderr } = await git(args);
  const all = `${stdout}\n${stderr}`;
  const said = lastWords(all);
  if (code === 0) return { state: 'pushed', said };
  const where = `${shortName(ref)} on ${remote}`;
  if (/\[remote rejected\]/.test(all) && !MOVED.test(all)) {
    throw new PushRefused(
      'rules',
      `The server refused the push to ${where}: ${said}`,
      `The branch may be protected: allow github-actions[bot] to push to it, or use publish: pull-request or publish: artifact. ${STAYS}`,
    );
  }
  if (MOVED.test(all)) return { state: 'moved', said };
  if (isDenied(all)) {
    throw new PushRefused(
      'permission',
      `No permission to push to ${where}: ${said}`,
      `Give the job permissions: contents: write. ${STAYS}`,
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
