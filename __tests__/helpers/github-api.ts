import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, refusal, type Token } from './github-answers.ts';
import type { ChangedFile } from './github-changes.ts';
import { type Pulls, pullsOf } from './github-pulls.ts';

export interface Comment {
  id: number;
  login: string;
  body: string;
}

/** GitHub's comments on the issues and pull requests of one repository, and what they change, as strict as GitHub. */
export interface GitHubApi {
  url: string;
  /** The comments of the pull request, oldest first. */
  comments: Comment[];
  /** What the pull request changes; what lies between two commits, by `BASE...HEAD`, and where HEAD lies before BASE. */
  changed: { ofPullRequest: ChangedFile[]; between: Map<string, ChangedFile[]>; takenBack: Set<string> };
  /** Of the repository that was given. */
  repository: Pulls | undefined;
  /** `METHOD path status` of each request. */
  requests: string[];
  stop(): Promise<void>;
}

/** REST API, "List pull requests files" and "Compare two commits". */
const MOST_OF_PULL_REQUEST = 3000;
const MOST_COMPARED = 300;

const described = (file: ChangedFile) => ({ sha: '0'.repeat(40), additions: 0, deletions: 0, changes: 0, ...file });

/**
 * @param pullRequest path of the one that is commented on, as `/repos/OWNER/NAME/issues/NUMBER`
 * @param bare folder of the repository, for pull requests of its branches and for workflows; without it there are none
 */
export async function startGitHubApi(
  pullRequest: string,
  tokens: Record<string, Token>,
  bare?: string,
): Promise<GitHubApi> {
  const comments: Comment[] = [];
  const changed: GitHubApi['changed'] = { ofPullRequest: [], between: new Map(), takenBack: new Set() };
  const requests: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', url);
    const answer = await answerTo(request, pathname, searchParams).catch((error: Error) => refusal(500, error.message));
    requests.push(`${request.method} ${pathname} ${answer.status}`);
    send(response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const repository = pullRequest.replace(/\/issues\/\d+$/, '');
  const pulls = bare === undefined ? undefined : pullsOf(repository.replace('/repos/', ''), bare);

  async function answerTo(request: IncomingMessage, path: string, query: URLSearchParams): Promise<Answer> {
    if (!request.headers['user-agent']) return refusal(403, 'Request forbidden by administrative rules.');
    const token = tokens[/^token (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''];
    if (!token) return refusal(401, 'Bad credentials');
    const body = await json(request);
    if (path === '/graphql') return viewer(request.method, body, token);
    if (token.rights === 'none' || !path.startsWith(`${repository}/`)) return refusal(404, 'Not Found');
    if (request.method === 'GET' && path === `${pullRequest}/comments`) return page(path, query, comments.map(told));
    if (request.method === 'GET' && path === `${pullRequest.replace('/issues/', '/pulls/')}/files`)
      return page(path, query, changed.ofPullRequest.slice(0, MOST_OF_PULL_REQUEST).map(described));
    const route = path.slice(repository.length);
    const answer = await pulls?.answer(request.method ?? '', route, query, body, token);
    if (answer) return answer;
    const range = new RegExp(`^${repository}/compare/([^/]+)$`).exec(path)?.[1];
    if (request.method === 'GET' && range !== undefined) return comparison(decodeURIComponent(range), query);
    const id = new RegExp(`^${repository}/issues/comments/(\\d+)$`).exec(path)?.[1];
    const creates = request.method === 'POST' && path === `${pullRequest}/comments`;
    if (!creates && !(request.method === 'PATCH' && id !== undefined)) return refusal(404, 'Not Found');
    if (token.rights !== 'write') return refusal(403, 'Resource not accessible by integration');
    const text = body['body'];
    if (typeof text !== 'string' || text.trim() === '' || text.length > 65_536 || Object.keys(body).length !== 1)
      return refusal(422, 'Validation Failed');
    return creates ? create(token, text) : update(Number(id), text);
  }

  function create({ login }: Token, body: string): Answer {
    const comment = { id: 1000 + comments.length, login, body };
    comments.push(comment);
    return { status: 201, body: told(comment) };
  }

  function update(id: number, body: string): Answer {
    const comment = comments.find((one) => one.id === id);
    if (!comment) return refusal(404, 'Not Found');
    comment.body = body;
    return { status: 200, body: told(comment) };
  }

  function page(path: string, query: URLSearchParams, all: readonly unknown[]): Answer {
    const size = Number(query.get('per_page') ?? 30);
    const number = Number(query.get('page') ?? 1);
    if (!Number.isInteger(size) || size < 1 || size > 100) return refusal(422, 'Validation Failed');
    const last = Math.max(Math.ceil(all.length / size), 1);
    const at = (page: number, rel: string) => `<${url}${path}?per_page=${size}&page=${page}>; rel="${rel}"`;
    const links = number < last ? { link: `${at(number + 1, 'next')}, ${at(last, 'last')}` } : undefined;
    const body = all.slice((number - 1) * size, number * size);
    return { status: 200, body, ...(links && { headers: links }) };
  }

  /** The files are on the first page of the commits only. */
  function comparison(range: string, query: URLSearchParams): Answer {
    const files = changed.between.get(range);
    if (!files) return refusal(404, 'Not Found');
    const first = Number(query.get('page') ?? 1) === 1;
    const status = changed.takenBack.has(range) ? 'behind' : 'ahead';
    return { status: 200, body: { status, files: first ? files.slice(0, MOST_COMPARED).map(described) : [] } };
  }

  const told = ({ id, login, body }: Comment) => ({
    id,
    body,
    html_url: `https://github.com${pullRequest.replace('/repos', '').replace('/issues', '/pull')}#issuecomment-${id}`,
    user: { login, type: login.endsWith('[bot]') ? 'Bot' : 'User' },
  });

  return {
    url,
    repository: pulls,
    comments,
    changed,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function viewer(method: string | undefined, { query }: Record<string, unknown>, { login }: Token): Answer {
  if (method !== 'POST') return refusal(404, 'Not Found');
  if (typeof query !== 'string' || query.replaceAll(/\s+/g, '').replace(/^query/, '') !== '{viewer{login}}') {
    return { status: 200, body: { errors: [{ type: 'undefinedField', message: `not known here: ${String(query)}` }] } };
  }
  return { status: 200, body: { data: { viewer: { login } } } };
}

async function json(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.writeHead(status, { ...headers, 'content-type': 'application/json; charset=utf-8' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
