import { UserError } from '../errors.js';
import { type Asked, type Rest, refusalOf, statusOf } from './rest.js';

export interface PullRequestRef {
  number: number;
  url: string;
}

/** What a pull request is to be. */
export interface Proposal {
  /** Names of branches of the repository. */
  head: string;
  base: string;
  title: string;
  /** Markdown, of 65,536 characters at most. */
  body: string;
}

/** Parts of GitHub see a push some seconds later than git does: there is no such branch or commit yet, or nothing on it. */
function isEarly(error: unknown): boolean {
  const { message } = error as Error;
  if (statusOf(error) === 404) return /^Not Found/.test(message);
  return statusOf(error) === 422 && /No commits between|"field":"head"/.test(message);
}

type Found = Awaited<ReturnType<Rest['octokit']['rest']['pulls']['list']>>['data'][number];

const ASKED: Asked = { action: 'open the pull request', permission: 'pull-requests: write, contents: write' };

/**
 * Opens the pull request of a branch, or brings the body of the open one up to date. Its title is left as people have
 * made it. Undefined: the base branch has all of the branch already.
 * @throws UserError when GitHub refuses
 */
export async function upsertPullRequest(
  rest: Rest,
  proposal: Proposal,
): Promise<(PullRequestRef & { created: boolean }) | undefined> {
  const { octokit, owner, repo, request, patiently } = rest;
  const { head, base, title, body } = proposal;
  const update = async ({ number, html_url: url }: Found) => {
    await patiently(() => octokit.rest.pulls.update({ owner, repo, pull_number: number, body, request }));
    return { number, url, created: false };
  };
  try {
    const open = openOne(await ofHead(rest, head), proposal);
    if (open) return await update(open);
    const { data } = await patiently(() =>
      octokit.rest.pulls.create({ owner, repo, head, base, title, body, request }),
    );
    return { number: data.number, url: data.html_url, created: true };
  } catch (error) {
    if (statusOf(error) === 422 && /No commits between/i.test((error as Error).message)) return undefined;
    // Another run was faster, or an answer that was lost had done it.
    if (statusOf(error) === 422 && /already exists/i.test((error as Error).message)) {
      const made = openOne(await ofHead(rest, head), proposal);
      if (made) return update(made);
    }
    throw refusalOf(error, ASKED, request.signal);
  }
}

/** @throws UserError when it is open into another branch: one branch can hold one proposal */
function openOne(all: readonly Found[], { head, base }: Pick<Proposal, 'head' | 'base'>): Found | undefined {
  const open = all.filter(({ state }) => state === 'open');
  const found = open.find((one) => one.base.ref === base);
  const [other] = open;
  if (found === undefined && other !== undefined) {
    throw new UserError(
      `The branch ${head} is that of pull request #${other.number}, which goes into ${other.base.ref}, not into ${base}.`,
      'Give each branch that transcripts go into its own pull-request-branch.',
    );
  }
  return found;
}

/** The pull requests of a branch of the repository, whatever became of them; the newest hundred. */
async function ofHead({ octokit, owner, repo, request, patiently }: Rest, head: string): Promise<Found[]> {
  const query = { owner, repo, head: `${owner}:${head}`, state: 'all' as const, per_page: 100, request };
  const { data } = await patiently(() => octokit.rest.pulls.list(query));
  // A filter that GitHub does not understand is none.
  return data.filter((one) => one.head.ref === head && one.head.repo?.full_name === `${owner}/${repo}`);
}

/**
 * What of a branch is still to be merged. Nothing, when its head was merged or closed in a pull request: merged by
 * squash, its commits are in no other branch, and closed, nobody wants them.
 * @param base commit that it is to be merged into
 * @param tip head of the branch
 * @throws UserError when GitHub refuses, or when the branch is open into another one
 */
export async function unmergedOf(
  rest: Rest,
  branches: Pick<Proposal, 'head' | 'base'>,
  base: string,
  tip: string,
): Promise<{ fork: string; ahead: number } | undefined> {
  const { octokit, owner, repo, request, patiently } = rest;
  try {
    const all = await ofHead(rest, branches.head);
    if (!openOne(all, branches) && all.some(({ head }) => head.sha === tip)) return undefined;
    const basehead = `${base}...${tip}`;
    const compare = { owner, repo, basehead, per_page: 1, request };
    const { data } = await patiently(() => octokit.rest.repos.compareCommitsWithBasehead(compare), isEarly);
    return data.ahead_by === 0 ? undefined : { fork: data.merge_base_commit.sha, ahead: data.ahead_by };
  } catch (error) {
    // They have no history in common.
    if (statusOf(error) === 404 && /no common ancestor/i.test((error as Error).message)) return undefined;
    throw refusalOf(error, { ...ASKED, action: 'say what is in the pull request' }, request.signal);
  }
}
