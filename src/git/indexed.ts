import type { Git } from './git.js';

/** Paths relative to the folder that git runs in. */
export interface Indexed {
  files: string[];
  submodules: string[];
}

/**
 * What git's index has below the folder that git runs in, checked out or not. Nothing where there is no repository.
 */
export async function indexed(git: Git): Promise<Indexed> {
  const { stdout } = await git(['ls-files', '--stage', '-z']);
  const files: string[] = [];
  const submodules: string[] = [];
  // Each entry: mode, object, stage, a tab, the path (git-ls-files).
  for (const [, mode, path = ''] of stdout.matchAll(/(\d{6}) [0-9a-f]+ \d\t([^\0]+)\0/g)) {
    (mode === '160000' ? submodules : files).push(path);
  }
  return { files, submodules };
}
