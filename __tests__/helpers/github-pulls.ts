import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { type Answer, refusal, type Token } from './github-answers.ts';
import { changedFiles } from './github-changes.ts';

/** A pull request; heads and bases are branches of the repository. */
interface Pull {
  number: number;
  head: string;
  base: string;
  title: string;
  body: string;
  state: 'open' | 'closed';
  merged: boolean;
  /** Head of its branch when it was closed. */
  closedAt?: string;
}

/** GitHub's pull requests, comparisons and dispatches of one repository, which is really there. */
export interface Pulls {
  pulls: readonly Pull[];
  /** `WORKFLOW REF` of each workflow that was started. */
  dispatched: readonly string[];
  /** So many questions about branches and commits find GitHub behind git, as right after a push. */
  lag(questions: number): void;
  /** Merges or closes a pull request, as a person does on its page. */
  close(number: number, how: 'squash' | 'merge' | 'unmerged', deleteBranch?: boolean): Promise<void>;
  /** Undefined: no route of these. `path` is what follows the repository's. */
  answer(method: string, path: string, query: URLSearchParams, body: Body, token: Token): Promise<Answer | undefined>;
}

type Body = Record<string, unknown>;

const execute = promisify(execFile);
const PERSON = {
  GIT_AUTHOR_NAME: 'A maintainer',
  GIT_AUTHOR_EMAIL: 'maintainer@example.com',
  GIT_COMMITTER_NAME: 'GitHub',
  GIT_COMMITTER_EMAIL: 'noreply@github.com',
};

/** @param name as `owner/name` */
export function pullsOf(name: string, bare: string): Pulls {
  const pulls: Pull[] = [];
  const dispatched: string[] = [];
  let behind = 0;
  const [owner = ''] = name.split('/');
  const git = async (...args: string[]) => {
    const { stdout } = await execute('git', ['-C', bare, ...args], { env: { ...process.env, ...PERSON } });
    return stdout.trim();
  };
  const commitOf = (revision: string) =>
    git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`).catch(() => undefined);
  const branchOf = (branch: string) => commitOf(`refs/heads/${branch}`);

  const told = async ({ number, head, base, title, body, state, merged, closedAt }: Pull) => ({
    number,
    state,
    title,
    body,
    merged_at: merged ? '2026-11-23T00:00:00Z' : null,
    html_url: `https://github.com/${name}/pull/${number}`,
    head: { ref: head, sha: closedAt ?? (await branchOf(head)), repo: { full_name: name } },
    base: { ref: base, repo: { full_name: name } },
  });

  async function list(query: URLSearchParams): Promise<Answer> {
    const [user, ref] = query.get('head')?.split(/:(.*)/s) ?? [];
    const wanted = query.get('state') ?? 'open';
    const size = Number(query.get('per_page') ?? 30);
    // Without a colon GitHub does not understand the filter, and filters nothing.
    const found = pulls.filter(
      ({ head, state }) =>
        (ref === undefined || (user === owner && head === ref)) && (wanted === 'all' || state === wanted),
    );
    return { status: 200, body: await Promise.all(found.reverse().slice(0, size).map(told)) };
  }

  async function create(body: Body, token: Token): Promise<Answer> {
    const { head, base, title } = body;
    if (token.lacks?.includes('creation')) {
      return refusal(403, 'GitHub Actions is not permitted to create or approve pull requests.');
    }
    if (typeof head !== 'string' || typeof base !== 'string' || typeof title !== 'string') {
      return invalid({ code: 'missing_field' });
    }
    if (!isBody(body['body']))
      return invalid({ code: 'custom', message: 'body is too long (maximum is 65536 characters)' });
    if (behind-- > 0 || (await branchOf(head)) === undefined) return invalid({ field: 'head', code: 'invalid' });
    if ((await branchOf(base)) === undefined) return invalid({ field: 'base', code: 'invalid' });
    if (pulls.some((one) => one.state === 'open' && one.head === head && one.base === base)) {
      return invalid({ code: 'custom', message: `A pull request already exists for ${owner}:${head}.` });
    }
    if ((await git('rev-list', '--count', `refs/heads/${base}..refs/heads/${head}`)) === '0') {
      return invalid({ code: 'custom', message: `No commits between ${base} and ${head}` });
    }
    const pull: Pull = {
      number: 8 + pulls.length,
      head,
      base,
      title,
      body: body['body'],
      state: 'open',
      merged: false,
    };
    pulls.push(pull);
    return { status: 201, body: await told(pull) };
  }

  async function update(number: number, body: Body): Promise<Answer> {
    const pull = pulls.find((one) => one.number === number);
    if (!pull) return refusal(404, 'Not Found');
    if (!isBody(body['body']))
      return invalid({ code: 'custom', message: 'body is too long (maximum is 65536 characters)' });
    pull.body = body['body'];
    return { status: 200, body: await told(pull) };
  }

  async function compare(basehead: string): Promise<Answer> {
    const [base, head] = await Promise.all(basehead.split('...').map(commitOf));
    if (behind-- > 0 || base === undefined || head === undefined) return refusal(404, 'Not Found');
    const fork = await git('merge-base', base, head).catch(() => undefined);
    if (fork === undefined) return refusal(404, `No common ancestor between ${base} and ${head}.`);
    const count = async (range: string) => Number(await git('rev-list', '--count', range));
    const [ahead, behindBy] = [await count(`${base}..${head}`), await count(`${head}..${base}`)];
    const status = ahead > 0 ? (behindBy > 0 ? 'diverged' : 'ahead') : behindBy > 0 ? 'behind' : 'identical';
    const files = await changedFiles(git, fork, head);
    const told = {
      merge_base_commit: { sha: fork },
      status,
      ahead_by: ahead,
      behind_by: behindBy,
      total_commits: ahead,
    };
    return { status: 200, body: { ...told, files } };
  }

  async function dispatch(workflow: string, { ref }: Body): Promise<Answer> {
    const file = `.github/workflows/${workflow}`;
    if (
      await git('cat-file', '-e', `main:${file}`).then(
        () => false,
        () => true,
      )
    )
      return refusal(404, 'Not Found');
    if (typeof ref !== 'string' || (await branchOf(ref)) === undefined) {
      return refusal(422, `No ref found for: ${String(ref)}`);
    }
    const { on } = parse(await git('show', `refs/heads/${ref}:${file}`).catch(() => 'on: []')) as { on: unknown };
    const triggers = typeof on === 'string' ? [on] : Array.isArray(on) ? on : Object.keys(on ?? {});
    if (!triggers.includes('workflow_dispatch')) {
      return refusal(422, "Workflow does not have 'workflow_dispatch' trigger");
    }
    dispatched.push(`${workflow} ${ref}`);
    return { status: 204, body: undefined };
  }

  return {
    pulls,
    dispatched,
    lag: (questions) => {
      behind = questions;
    },
    async close(number, how, deleteBranch = false) {
      const pull = pulls.find((one) => one.number === number);
      const tip = pull && (await branchOf(pull.head));
      if (!pull || tip === undefined) throw new Error(`Pull request ${number} cannot be closed.`);
      if (how !== 'unmerged') {
        const fork = await git('merge-base', pull.base, tip);
        if (fork !== (await branchOf(pull.base))) throw new Error(`Pull request ${number} is not up to date.`);
        const tree = `${tip}^{tree}`;
        const parents = how === 'merge' ? ['-p', pull.base, '-p', tip] : ['-p', pull.base];
        await git(
          'update-ref',
          `refs/heads/${pull.base}`,
          await git('commit-tree', ...parents, '-m', pull.title, tree),
        );
      }
      Object.assign(pull, { state: 'closed', merged: how !== 'unmerged', closedAt: tip });
      if (deleteBranch) await git('update-ref', '-d', `refs/heads/${pull.head}`);
    },
    async answer(method, path, query, body, token) {
      const [, number] = /^\/pulls\/(\d+)$/.exec(path) ?? [];
      const [, basehead] = /^\/compare\/([^/]+)$/.exec(path) ?? [];
      const [, workflow] = /^\/actions\/workflows\/([^/]+)\/dispatches$/.exec(path) ?? [];
      if (method === 'GET' && path === '/pulls') return list(query);
      if (method === 'GET' && basehead) return compare(decodeURIComponent(basehead));
      const writes =
        (method === 'POST' && path === '/pulls' && (['pull-requests', () => create(body, token)] as const)) ||
        (method === 'PATCH' && number && (['pull-requests', () => update(Number(number), body)] as const)) ||
        (method === 'POST' && workflow && (['actions', () => dispatch(decodeURIComponent(workflow), body)] as const));
      if (!writes) return undefined;
      const [right, write] = writes;
      if (token.rights !== 'write' || token.lacks?.includes(right)) {
        return refusal(403, 'Resource not accessible by integration');
      }
      return write();
    },
  };
}

const isBody = (body: unknown): body is string => typeof body === 'string' && body.length <= 65_536;

const invalid = (error: Record<string, string>): Answer => ({
  status: 422,
  body: { message: 'Validation Failed', errors: [{ resource: 'PullRequest', ...error }], status: '422' },
});
