import { describe, expect, test } from '@jest/globals';
import { openRest, refusalOf, repositoryAt } from '../../../src/github/rest.js';
import { quickClock } from '../../helpers/workspace.ts';

const asked = { action: 'open the pull request', permission: 'pull-requests: write' };
const { signal } = new AbortController();
const failure = (status: number, message: string) => Object.assign(new Error(message), { status });

describe('what GitHub refuses, and what to do', () => {
  test.each([
    [401, 'Bad credentials', /check it/],
    [403, 'Resource not accessible by integration', /permissions: pull-requests: write/],
    [404, 'Not Found', /permissions: pull-requests: write/],
    [403, 'GitHub Actions is not permitted to create or approve pull requests.', /Settings > Actions > General/],
    [403, 'API rate limit exceeded for installation ID 1.', /in an hour/],
    [422, 'Validation Failed: {"field":"base","code":"invalid"}', /Correct the inputs/],
    [502, 'Bad Gateway', /not reached or failed/],
  ])('%d %s', (status, message, remedy) => {
    const refusal = refusalOf(failure(status, message), asked, signal);
    expect(refusal.message).toBe(`GitHub did not open the pull request: ${message}`);
    expect(refusal.remedy).toMatch(remedy);
  });

  test('an error that is none of GitHub’s stays what it is, and so does an interrupt', () => {
    expect(() => refusalOf(new TypeError('a mistake of ours'), asked, signal)).toThrow(TypeError);
    expect(() => refusalOf(failure(500, 'aborted'), asked, AbortSignal.abort())).toThrow('aborted');
  });
});

test('what passes is asked for again, and what does not is not', async () => {
  const rest = await openRest('token', 'someone/podcast', { clock: quickClock, signal });
  const answers = [failure(502, 'Bad Gateway'), failure(403, 'You have exceeded a secondary rate limit'), 'well'];
  const ask = async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  expect(await rest.patiently(ask)).toBe('well');
  let times = 0;
  const refused = rest.patiently(async () => {
    times++;
    throw failure(403, 'Resource not accessible by integration');
  });
  await expect(refused).rejects.toThrow('Resource not accessible');
  expect(times).toBe(1);
});

test.each([
  ['https://github.com/other/repository.git', 'other/repository'],
  ['https://x-access-token:secret@github.com/other/repository', 'other/repository'],
  ['git@github.com:other/repository.git', 'other/repository'],
  ['git://127.0.0.1:1234/remote.git', 'someone/podcast'],
  ['https://gitlab.com/other/repository', 'someone/podcast'],
])('the repository of the remote %s', (url, expected) => {
  expect(repositoryAt(url, { GITHUB_REPOSITORY: 'someone/podcast' })).toBe(expected);
  const server = { GITHUB_SERVER_URL: 'https://github.example.com', GITHUB_REPOSITORY: 'someone/podcast' };
  expect(repositoryAt('https://github.example.com/a/b.git', server)).toBe('a/b');
});
