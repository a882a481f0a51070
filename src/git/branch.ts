import { UserError } from '../errors.js';
import { type Git, must } from './git.js';

/** The branch that is checked out, and where it is pushed to. */
export interface Branch {
  name: string;
  remote: string;
  /** Address of the remote, as it is configured. */
  url: string;
  /** Its full name on the remote: `refs/heads/...`. */
  ref: string;
  /** The commit that is checked out. */
  head: string;
  /** Whether the remote had the branch when it was checked out; one that was made here is new to it. */
  known: boolean;
}

/** There is nothing to commit to: HEAD is at a commit, and at no branch. */
export class DetachedHead extends UserError {}

/** @throws UserError when there is nothing to commit to: no repository, no branch, no remote */
export async function currentBranch(git: Git, folder: string): Promise<Branch> {
  const inside = await git(['rev-parse', '--is-inside-work-tree']);
  if (inside.stdout.trim() !== 'true') {
    throw new UserError(
      `${folder} is not a git repository: ${inside.stderr.trim()}`,
      'Run actions/checkout before this step, without path: or with the same folder in repository-path, or use publish: artifact.',
    );
  }
  const name = (await git(['symbolic-ref', '--quiet', '--short', 'HEAD'])).stdout.trim();
  if (name === '') {
    throw new DetachedHead(
      'No branch is checked out (HEAD is detached, as after a pull_request or tag event), so there is none to push to.',
      'Give actions/checkout the branch (its input ref: github.head_ref in a pull request, the name of a branch after a tag), or use publish: artifact.',
    );
  }
  const setting = async (key: string) => (await git(['config', '--get', `branch.${name}.${key}`])).stdout.trim();
  const remote = (await setting('remote')) || 'origin';
  const url = await git(['remote', 'get-url', '--', remote]);
  if (url.code !== 0) {
    throw new UserError(
      `The repository has no remote "${remote}" to push branch ${name} to.`,
      'Add the remote, or use publish: none.',
    );
  }
  const head = await must(git, ['rev-parse', '--verify', 'HEAD^{commit}']);
  const { code } = await git(['rev-parse', '--verify', '--quiet', `refs/remotes/${remote}/${name}`]);
  const ref = (await setting('merge')) || `refs/heads/${name}`;
  return { name, remote, url: url.stdout.trim(), ref, head, known: code === 0 };
}

/** A branch's name, of its full one. */
export const shortName = (ref: string): string => ref.replace(/^refs\/heads\//, '');

/**
 * Fetches a branch of the remote; undefined: it was not reached.
 * Only what is new is fetched, so a shallow checkout stays shallow.
 * @param depth commits to fetch, of a branch whose history is not wanted
 * @throws UserError when the remote does not have the branch (any more)
 */
export async function fetchBranch(
  git: Git,
  { remote, ref }: Pick<Branch, 'remote' | 'ref'>,
  depth?: number,
): Promise<string | undefined> {
  const fetch = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules'];
  const only = depth === undefined ? [] : [`--depth=${depth}`];
  const { code, stderr } = await git([...fetch, ...only, '--', remote, ref]);
  if (/couldn't find remote ref/.test(stderr)) {
    throw new UserError(
      `The branch ${shortName(ref)} is no longer on ${remote}.`,
      'It was deleted meanwhile, as after a merge. The transcripts are in the workspace, and a run on another branch publishes them without paying for them again.',
    );
  }
  return code === 0 ? must(git, ['rev-parse', '--verify', 'FETCH_HEAD^{commit}']) : undefined;
}
