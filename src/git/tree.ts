import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Git, must } from './git.js';

/** A commit's tree with our files in it. */
export interface Tree {
  id: string;
  /** Paths, as given, whose content differs from the base's. */
  changed: string[];
  /** Paths that somebody else changed since the checkout, and that are as they made them. */
  theirs: string[];
}

/** Without the second word git fetches every file that a sparse or blobless checkout has left out. */
const WRITE_TREE = ['write-tree', '--missing-ok'];

/**
 * Makes the tree of `base` with `paths` as they are in the work tree. It is built in an index of its own: what the user
 * has staged is neither taken nor touched, and no merge can stop half-way.
 * @param head the commit that the work tree was made from
 * @param paths relative to the folder that git runs in
 */
export async function treeWith(git: Git, base: string, head: string, paths: readonly string[]): Promise<Tree> {
  return withTemporaryFolder(async (folder) => {
    const environment = { GIT_INDEX_FILE: join(folder, 'index') };
    await must(git, ['read-tree', base], environment);
    await stage(git, paths, environment);
    const ours = await must(git, WRITE_TREE, environment);
    const changed = await changedBetween(git, base, ours, paths);
    const theirs = base === head ? [] : await changedBetween(git, head, base, changed);
    if (theirs.length === 0) return { id: ours, changed, theirs };
    await must(git, ['read-tree', base], environment);
    const kept = changed.filter((path) => !theirs.includes(path));
    await stage(git, kept, environment);
    return { id: await must(git, WRITE_TREE, environment), changed: kept, theirs };
  });
}

/**
 * Puts files of the work tree into the index, whatever .gitignore and a sparse checkout say. The paths go through a
 * file: there are too many for an argument list, and a git that ends early would break a pipe.
 */
export async function stage(
  git: Git,
  paths: readonly string[],
  environment: Record<string, string> = {},
): Promise<void> {
  if (paths.length === 0) return;
  await withTemporaryFolder(async (folder) => {
    const list = join(folder, 'paths');
    await writeFile(list, paths.map((path) => `${path}\0`).join(''));
    const add = ['add', '--force', `--pathspec-from-file=${list}`, '--pathspec-file-nul'];
    await must(git, ['--literal-pathspecs', '-c', 'core.sparseCheckout=false', ...add], environment);
  });
}

/** Those of `paths` that two trees have differently. */
async function changedBetween(git: Git, from: string, to: string, paths: readonly string[]): Promise<string[]> {
  const listed = await must(git, ['diff-tree', '-r', '-z', '--relative', '--name-only', '--no-renames', from, to]);
  const names = new Set(listed.split('\0'));
  return paths.filter((path) => names.has(path));
}

export async function withTemporaryFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'whisper-git-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
