import { UserError } from '../errors.js';
import { type Git, must } from './git.js';

/** The branch that is checked out, and where it is pushed to. */
export interface Branch {
  name: string;
  remote: string;
  /** Its full name on the remote: `refs/heads/...`. */
  ref: string;
  /** The commit that is checked out. */
  head: string;
  /** Whether the remote had the branch when it was checked out; one that was made here is new to it. */
  known: boolean;
}

/** @throws UserError when there is nothing to commit to: no repository, no branch, no remote */
export async function currentBranch(git: Git, folder: string): Promise<Branch> {
  const inside = await git(['rev-parse', '--is-inside-work-tree']);
  if (inside.stdout.trim() !== 'true') {
    throw new UserError(
      `${folder} is not a git repository: ${inside.stderr.trim()}`,
      'Run actions/checkout before this step, without path:, or use publish: artifact.',
    );
  }
  const name = (await git(['symbolic-ref', '--quiet', '--short', 'HEAD'])).stdout.trim();
  if (name === '') {
    throw new UserError(
      'No branch is checked out (HEAD is detached, as after a pull_request or tag event), so there is none to push to.',
      'Give actions/checkout the branch (its input ref, with the value of github.head_ref), or use publish: artifact.',
    );
  }
  const setting = async (key: string) => (await git(['config', '--get', `branch.${name}.${key}`])).stdout.trim();
  const remote = (await setting('remote')) || 'origin';
  if ((await git(['remote', 'get-url', '--', remote])).code !== 0) {
    throw new UserError(
      `The repository has no remote "${remote}" to push branch ${name} to.`,
      'Add the remote, or use publish: none.',
    );
  }
  const head = await must(git, ['rev-parse', '--verify', 'HEAD^{commit}']);
  const { code } = await git(['rev-parse', '--verify', '--quiet', `refs/remotes/${remote}/${name}`]);
  return { name, remote, ref: (await setting('merge')) || `refs/heads/${name}`, head, known: code === 0 };
}
