import type { Context } from '../context.js';

/** The pull request that a workflow runs for. */
export interface PullRequest {
  owner: string;
  repo: string;
  number: number;
  /** Commit that was pushed; the run itself checks out a merge of it. */
  head: string;
  /** Address of the run. */
  run: string;
}

/** Undefined: the workflow runs for something else. */
export async function currentPullRequest(): Promise<PullRequest | undefined> {
  if (!process.env['GITHUB_EVENT_NAME']?.startsWith('pull_request')) return undefined;
  const { context } = await import('@actions/github');
  const { pull_request: found } = context.payload as { pull_request?: { number: number; head?: { sha?: string } } };
  if (!found) return undefined;
  const { owner, repo } = context.repo;
  const run = `${context.serverUrl}/${owner}/${repo}/actions/runs/${context.runId}`;
  return { owner, repo, number: found.number, head: found.head?.sha ?? context.sha, run };
}

interface Comment {
  /** What it tells, as the begin of a sentence of the log: `The plan`. */
  subject: string;
  /** Undefined: the input is empty. */
  token: string | undefined;
  pullRequest: PullRequest;
  /** The first line of `body`, by which an earlier run's comment is known. */
  marker: string;
  body: string;
  /** Only over an earlier one: where there is none, nothing is written. */
  over?: boolean;
}

/**
 * Writes a comment on a pull request, or over the one with its marker that this token has written before. Never fails:
 * a warning says what stood in the way.
 */
export async function writeComment({ log, signal }: Pick<Context, 'log' | 'signal'>, comment: Comment): Promise<void> {
  if (comment.token === undefined) {
    log.warning(`${comment.subject} was not told on the pull request: the input github-token is empty.`);
    return;
  }
  try {
    const url = await upsert(comment, comment.token, signal);
    if (url !== undefined) log.info(`${comment.subject} is told on the pull request: ${url}`);
  } catch (error) {
    if (!signal.aborted) log.warning(`${comment.subject} was not told on the pull request: ${reasonOf(error)}`);
  }
}

/** Address of the comment; undefined: none was to be made. */
async function upsert(
  { pullRequest: { owner, repo, number }, marker, body, over }: Comment,
  token: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { getOctokit } = await import('@actions/github');
  const octokit = getOctokit(token);
  const issues = octokit.rest.issues;
  const at = { owner, repo, request: { signal } };
  const comments = await octokit.paginate(issues.listComments, { ...at, issue_number: number, per_page: 100 });
  const marked = comments.filter((comment) => comment.body?.startsWith(marker));
  // Anyone can write the marker. REST tells an app's token nothing of itself; this works for every kind of token.
  const author =
    marked.length > 0
      ? await octokit.graphql<Viewer>('query { viewer { login } }', { request: at.request })
      : undefined;
  const own = marked.find(({ user }) => user?.login === author?.viewer.login);
  if (!own && over) return undefined;
  const { data } = own
    ? await issues.updateComment({ ...at, comment_id: own.id, body })
    : await issues.createComment({ ...at, issue_number: number, body });
  return data.html_url;
}

interface Viewer {
  viewer: { login: string };
}

/** By the status that GitHub's REST API answers with. */
function reasonOf(error: unknown): string {
  const { status, message } = error as { status?: number; message: string };
  switch (status) {
    case 401:
      return `GitHub does not accept the token of the input github-token (${message}).`;
    case 403:
    case 404:
      return `The token may not write there (${message}). Give the job \`permissions: pull-requests: write\`; a pull request from a fork gets a token that only reads, whatever the workflow says. \`comment: false\` does without the comment.`;
    default:
      return `${message}`;
  }
}
