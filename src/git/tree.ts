import { mkdtemp, rm } from 'node:fs/promises';
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

/**
 * Makes the tree of `base` with `paths` as they are in the work tree. It is built in an index of its own: what the user
 * has staged is neither taken nor touched, and no merge can stop half-way.
 * @param head the commit that the work tree was made from
 * @param paths relative to the folder that git runs in
 */
export async function treeWith(git: Git, base: string, head: string, paths: readonly string[]): Promise<Tree> {
  const folder = await mkdtemp(join(tmpdir(), 'whisper-index-'));
  try {
    const environment = { GIT_INDEX_FILE: join(folder, 'index') };
    const theirs = base === head ? [] : await changedBetween(git, head, base, paths);
    const ours = paths.filter((path) => !theirs.includes(path));
    await must(git, ['read-tree', base], { environment });
    await must(git, ['update-index', '--add', '-z', '--stdin'], { environment, input: nulEnded(ours) });
    const id = await must(git, ['write-tree'], { environment });
    const changed = await changedBetween(git, base, id, ours);
    // What they changed to the very content that we have is no loss.
    const lost = theirs.length === 0 ? [] : await differing(git, base, theirs, environment);
    return { id, changed, theirs: lost };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Those of `paths` that two trees have differently. */
async function changedBetween(git: Git, from: string, to: string, paths: readonly string[]): Promise<string[]> {
  const listed = await must(git, ['diff-tree', '-r', '-z', '--relative', '--name-only', '--no-renames', from, to]);
  const names = new Set(listed.split('\0'));
  return paths.filter((path) => names.has(path));
}

/** Those of `paths` whose file in the work tree is not what `base` has. */
async function differing(
  git: Git,
  base: string,
  paths: readonly string[],
  environment: Record<string, string>,
): Promise<string[]> {
  await must(git, ['update-index', '--add', '-z', '--stdin'], { environment, input: nulEnded(paths) });
  return changedBetween(git, base, await must(git, ['write-tree'], { environment }), paths);
}

export const nulEnded = (paths: readonly string[]): string => paths.map((path) => `${path}\0`).join('');
