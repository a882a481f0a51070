/** As GitHub tells it of a comparison or a pull request. */
export interface ChangedFile {
  filename: string;
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed' | 'unchanged';
  previous_filename?: string;
}

const STATUSES: Record<string, ChangedFile['status']> = { A: 'added', D: 'removed', M: 'modified', T: 'changed' };

/**
 * What a commit has changed since another one, as git tells it.
 * @param git runs git in the repository
 */
export async function changedFiles(
  git: (...args: string[]) => Promise<string>,
  from: string,
  to: string,
): Promise<ChangedFile[]> {
  const words = (await git('diff', '--name-status', '--no-renames', '-z', from, to)).split('\0');
  return Array.from({ length: Math.floor(words.length / 2) }, (_, index) => ({
    filename: words[2 * index + 1] ?? '',
    status: STATUSES[words[2 * index] ?? ''] ?? 'changed',
  }));
}
