import type { Changes } from '../git/changes.js';
import type { Rest } from './rest.js';

/** What GitHub gives of a comparison at most, on its first page (REST, "Compare two commits"). */
const MOST_COMPARED = 300;
/** Of a pull request (REST, "List pull requests files"). */
const MOST_OF_PULL_REQUEST = 3000;

/** Two commits or branches, or a pull request. `pushed`: the second is what was pushed on top of the first. */
export type Range = { from: string; to: string; pushed?: boolean } | { pullRequest: number };

/**
 * What GitHub says was changed. `'cut off'`: more than it tells. `'taken back'`: a push took commits away, and GitHub
 * compares only with where the histories parted.
 * @throws Error as GitHub's REST API answers
 */
export async function askChanges(rest: Rest, range: Range): Promise<Changes | 'cut off' | 'taken back'> {
  const { octokit, owner, repo, request } = rest;
  const at = { owner, repo, request, per_page: 100 };
  if ('from' in range) {
    const basehead = `${range.from}...${range.to}`;
    const { data } = await rest.patiently(() =>
      octokit.rest.repos.compareCommitsWithBasehead({ ...at, basehead, page: 1 }),
    );
    if (range.pushed && (data.status === 'behind' || data.status === 'diverged')) return 'taken back';
    const files = data.files ?? [];
    return files.length >= MOST_COMPARED ? 'cut off' : changesOf(files);
  }
  // Without the patches, which are most of an answer.
  const files = await rest.patiently(() =>
    octokit.paginate(octokit.rest.pulls.listFiles, { ...at, pull_number: range.pullRequest }, ({ data }) =>
      data.map(({ filename, status, previous_filename }) => ({ filename, status, previous_filename })),
    ),
  );
  return files.length >= MOST_OF_PULL_REQUEST ? 'cut off' : changesOf(files);
}

interface File {
  filename: string;
  status: string;
  previous_filename?: string | undefined;
}

function changesOf(files: readonly File[]): Changes {
  const changes: Changes = { present: [], removed: [] };
  for (const { filename, status, previous_filename } of files) {
    (status === 'removed' ? changes.removed : changes.present).push(filename);
    if (status === 'renamed' && previous_filename !== undefined) changes.removed.push(previous_filename);
  }
  return changes;
}
