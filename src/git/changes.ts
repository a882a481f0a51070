import { type Git, must } from './git.js';

/** What differs between two commits; paths are relative to the repository's root. */
export interface Changes {
  /** Added or changed. A renamed file is one that was added and one that was removed. */
  present: string[];
  removed: string[];
}

const SHA = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
export const isSha = (text: string): boolean => SHA.test(text);

/** The remote that actions/checkout sets up. */
const REMOTE = 'origin';

/** The commit that is checked out and its parents, whose history may be missing. Undefined: there is none. */
export async function headCommit(git: Git): Promise<{ sha: string; parents: string[] } | undefined> {
  const { code, stdout } = await git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  if (code !== 0) return undefined;
  const sha = stdout.trim();
  const [headers = ''] = (await must(git, ['cat-file', 'commit', sha])).split('\n\n', 1);
  return { sha, parents: [...headers.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, parent = '']) => parent) };
}

/**
 * Makes sure that a commit is here, fetching it alone if need be: a shallow checkout becomes no deeper.
 * @param wanted a SHA, or a full name on the remote such as `refs/heads/main`
 * @returns the commit's SHA; undefined: the remote does not give it
 */
export async function obtainCommit(git: Git, wanted: string): Promise<string | undefined> {
  if (isSha(wanted)) {
    const here = await commitOf(git, wanted);
    if (here !== undefined) return here;
  } else if ((await git(['check-ref-format', wanted])).code !== 0) return undefined;
  // In a whole clone --depth would cut off the history that is there.
  const { stdout } = await git(['rev-parse', '--is-shallow-repository']);
  const depth = stdout.trim() === 'true' ? ['--depth=1'] : [];
  const fetch = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', ...depth];
  const { code } = await git([...fetch, '--', REMOTE, wanted]);
  return code === 0 ? commitOf(git, isSha(wanted) ? wanted : 'FETCH_HEAD') : undefined;
}

async function commitOf(git: Git, name: string): Promise<string | undefined> {
  const { code, stdout } = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
  return code === 0 ? stdout.trim() : undefined;
}

/** Where the histories of two commits part, as far as they are here. */
export async function mergeBase(git: Git, one: string, other: string): Promise<string | undefined> {
  const { code, stdout } = await git(['merge-base', one, other]);
  return code === 0 ? stdout.trim() : undefined;
}

/** Compares the trees of two commits that are here; no file is read, and none fetched. */
export async function changesBetween(git: Git, from: string, to: string): Promise<Changes> {
  const listed = await must(git, ['diff-tree', '-r', '-z', '--no-relative', '--no-renames', '--name-status', from, to]);
  const changes: Changes = { present: [], removed: [] };
  for (const [, status, path = ''] of listed.matchAll(/([A-Z])\0([^\0]+)\0/g)) {
    (status === 'D' ? changes.removed : changes.present).push(path);
  }
  return changes;
}

/** Where the folder that git runs in is in the repository: `podcast/show/`, or empty at the root and outside of one. */
export async function folderInRepository(git: Git): Promise<string> {
  return (await git(['rev-parse', '--show-prefix'])).stdout.replace(/\n$/, '');
}

/** Address of the remote; empty: there is none. */
export async function remoteUrl(git: Git): Promise<string> {
  return (await git(['remote', 'get-url', '--', REMOTE])).stdout.trim();
}
