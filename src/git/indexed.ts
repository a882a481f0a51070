import type { Git } from './git.js';

/**
 * What git's index has below the folder that git runs in, checked out or not; paths relative to that folder. Nothing where
 * there is no repository.
 */
export async function indexed(git: Git): Promise<{ files: string[]; submodules: string[] }> {
  const { stdout } = await git(['ls-files', '--stage', '-z']);
  const files: string[] = [];
  const submodules: string[] = [];
  // Each entry: mode, object, stage, a tab, the path (git-ls-files).
  for (const [, mode, path = ''] of stdout.matchAll(/(\d{6}) [0-9a-f]+ \d\t([^\0]+)\0/g)) {
    (mode === '160000' ? submodules : files).push(path);
  }
  return { files, submodules };
}
