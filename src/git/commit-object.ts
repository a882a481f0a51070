import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, must } from './git.js';
import { withTemporaryFolder } from './tree.js';

/** The account that GitHub shows for commits of a workflow; the user's git configuration is neither read nor written. */
const NAME = 'github-actions[bot]';
export const EMAIL = '41898282+github-actions[bot]@users.noreply.github.com';
const IDENTITY = {
  GIT_AUTHOR_NAME: NAME,
  GIT_AUTHOR_EMAIL: EMAIL,
  GIT_COMMITTER_NAME: NAME,
  GIT_COMMITTER_EMAIL: EMAIL,
};

/** Makes a commit, which no branch has yet; gives its hash. No hook runs, and nothing is signed. */
export function commitTree(git: Git, parent: string, tree: string, message: string): Promise<string> {
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'message');
    await writeFile(file, `${message}\n`);
    return must(git, ['commit-tree', '-p', parent, '-F', file, tree], IDENTITY);
  });
}
