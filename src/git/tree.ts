import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Git, must } from './git.js';

/** Paths relative to the folder that git runs in, with forward slashes. */
export interface Edits {
  /** They are taken as they are in the work tree. */
  written: readonly string[];
  /** They go, if they are there. */
  removed: readonly string[];
}

export interface TreeRequest {
  /** The commit that the tree is made on. */
  base: string;
  edits: Edits;
  /** Paths that somebody else has changed: what we wrote there is not taken. */
  others: ReadonlySet<string>;
  /** What changed between two commits is taken along, where the base has not changed it too. */
  carried?: { from: string; to: string };
}

/** A commit's tree with our files in it. */
export interface Tree {
  id: string;
  /** Paths, as given, whose content differs from the base's. */
  changed: string[];
  /** Paths of ours that are as somebody else made them. */
  theirs: string[];
}

/** Without the second word git fetches every file that a sparse or blobless checkout has left out. */
const WRITE_TREE = ['write-tree', '--missing-ok'];

/**
 * Makes a tree in an index of its own: what the user has staged is neither taken nor touched, and no merge can stop
 * half-way.
 */
export async function treeWith(git: Git, { base, edits, others, carried }: TreeRequest): Promise<Tree> {
  return withTemporaryFolder(async (folder) => {
    const index = { GIT_INDEX_FILE: join(folder, 'index') };
    const build = async (of: Edits) => {
      await must(git, ['read-tree', base], index);
      if (carried) await carry(git, base, carried, index);
      await stage(git, of, index);
      return must(git, WRITE_TREE, index);
    };
    const { written, removed } = edits;
    const id = await build(edits);
    const different = await pathsBetween(git, base, id);
    const changed = [...written, ...removed].filter((path) => different.has(path));
    const theirs = written.filter((path) => different.has(path) && others.has(path));
    if (theirs.length === 0) return { id, changed, theirs };
    const left = new Set(theirs);
    const ours = (path: string) => !left.has(path);
    const kept = await build({ written: written.filter(ours), removed });
    return { id: kept, changed: changed.filter(ours), theirs };
  });
}

/**
 * Puts changes into the index, whatever .gitignore says. `git add` compares each path with each other one: 40,000
 * transcripts would take it minutes.
 */
export async function stage(
  git: Git,
  { written, removed }: Edits,
  environment: Record<string, string> = {},
): Promise<void> {
  const update = (option: string, paths: readonly string[]) =>
    must(git, ['update-index', option, '--replace', '-z', '--stdin'], environment, listed(paths));
  if (removed.length > 0) await update('--force-remove', removed);
  if (written.length > 0) await update('--add', written);
}

const listed = (paths: readonly string[]): string => paths.map((path) => `${path}\0`).join('');

/** Applies the difference of two commits to the index; it has the tree of `base`. No file is read or written. */
async function carry(
  git: Git,
  base: string,
  { from, to }: { from: string; to: string },
  index: Record<string, string>,
): Promise<void> {
  await must(git, ['read-tree', '-i', '-m', '--aggressive', from, base, to], index);
  const unmerged = await must(git, ['ls-files', '--unmerged', '--full-name', '-z', '--', ':/'], index);
  const stages = unmerged.split('\0').flatMap((line) => {
    const [, mode, object, stage, path] = /^(\d+) ([0-9a-f]+) ([123])\t(.+)$/s.exec(line) ?? [];
    return mode && object && path ? [{ mode, object, stage, path }] : [];
  });
  if (stages.length === 0) return;
  // Changed on both sides: the base has it already, in the form that was accepted.
  const inBase = new Map(stages.filter(({ stage }) => stage === '2').map((entry) => [entry.path, entry]));
  const lines = [...new Set(stages.map(({ path }) => path))].map((path) => {
    const entry = inBase.get(path);
    return entry ? `${entry.mode} ${entry.object} 0\t${path}\0` : `0 ${'0'.repeat(40)}\t${path}\0`;
  });
  await must(git, ['update-index', '-z', '--index-info'], index, lines.join(''));
}

/**
 * Paths that two commits or trees have differently.
 * @param all of the whole repository, from its root; else those below the folder that git runs in, relative to it
 */
export async function pathsBetween(git: Git, from: string, to: string, all = false): Promise<Set<string>> {
  const options = ['-r', '-z', '--name-only', '--no-renames', ...(all ? [] : ['--relative'])];
  const names = (await must(git, ['diff-tree', ...options, from, to])).split('\0');
  return new Set(names.filter((name) => name !== ''));
}

export async function withTemporaryFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'whisper-git-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
