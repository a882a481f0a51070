import type { getOctokit } from '@actions/github';
import type { Clock } from '../clock.js';
import { UserError } from '../errors.js';
import { repositoryOf } from './file-url.js';

export type Octokit = ReturnType<typeof getOctokit>;

/** GitHub's REST API for one repository, with one token. */
export interface Rest {
  octokit: Octokit;
  owner: string;
  repo: string;
  /** Goes into every request. */
  request: { signal: AbortSignal };
  /** Asks again where that can help. `early`: errors that say that GitHub has not seen yet what was just pushed. */
  patiently<T>(request: () => Promise<T>, early?: (error: unknown) => boolean): Promise<T>;
}

/** Address of GitHub, or of the GitHub Enterprise Server that the workflow runs on. */
export const serverUrl = ({ GITHUB_SERVER_URL }: NodeJS.ProcessEnv): string =>
  GITHUB_SERVER_URL || 'https://github.com';

/**
 * `OWNER/NAME` of the repository that a remote is of; undefined: it is not known.
 * @param url of the remote. One that is not GitHub's, such as a mirror, is taken for the workflow's repository.
 */
export function repositoryAt(url: string, environment: NodeJS.ProcessEnv): string | undefined {
  return repositoryOf(url, serverUrl(environment)) ?? (environment['GITHUB_REPOSITORY'] || undefined);
}

/** Milliseconds before an attempt after the first. What was pushed is seen everywhere after ten seconds. */
const PAUSES = [1_000, 3_000, 8_000];

/** The API's address is the environment's GITHUB_API_URL, as on GitHub Enterprise Server. */
export async function openRest(
  token: string,
  repository: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Rest> {
  const { getOctokit } = await import('@actions/github');
  const [owner = '', repo = ''] = repository.split('/');
  return {
    octokit: getOctokit(token),
    owner,
    repo,
    request: { signal },
    async patiently(request, early = () => false) {
      for (const pause of PAUSES) {
        try {
          return await request();
        } catch (error) {
          if (signal.aborted || !(isPassing(error) || early(error))) throw error;
          await clock.sleep(pause, signal);
        }
      }
      return request();
    },
  };
}

export const statusOf = (error: unknown): number | undefined => (error as { status?: number }).status;

/** A server that failed (octokit gives a network's failure the status 500), or that asks to slow down. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return false;
  return status >= 500 || status === 429 || (status === 403 && /rate limit/i.test((error as Error).message));
}

/** What was asked of GitHub, for a person who reads why it did not work. */
export interface Asked {
  /** As in "GitHub did not <open the pull request>". */
  action: string;
  /** Of the job, as `pull-requests: write`. */
  permission: string;
}

/**
 * A failure of the REST API in the user's words. Statuses and texts: GitHub's REST API reference and its answers.
 * @throws the error itself when nothing was asked of GitHub, as after an interrupt
 */
export function refusalOf(error: unknown, { action, permission }: Asked, signal: AbortSignal): UserError {
  const status = statusOf(error);
  if (signal.aborted || error instanceof UserError || status === undefined) throw error;
  const { message } = error as Error;
  const refused = (remedy: string) => new UserError(`GitHub did not ${action}: ${message}`, remedy, { cause: error });
  if (status === 401) return refused('GitHub does not accept the token of the input github-token: check it.');
  if (/not permitted to create or approve pull requests/i.test(message)) {
    return refused(
      'Tick "Allow GitHub Actions to create and approve pull requests" in the repository\'s Settings > Actions > General > Workflow permissions (an organization can forbid it in its own settings), or give the token of a GitHub App as github-token.',
    );
  }
  if (/rate limit/i.test(message)) return refused('Run the step again in an hour: it pays for nothing twice.');
  if (status === 403 || status === 404) {
    return refused(
      `Give the job \`permissions: ${permission}\`. In a pull request from a fork the token can only read, whatever the workflow says.`,
    );
  }
  if (status >= 500) return refused('GitHub was not reached or failed. Run the step again: it pays for nothing twice.');
  return refused('Correct the inputs that the message names, and run the step again: it pays for nothing twice.');
}
