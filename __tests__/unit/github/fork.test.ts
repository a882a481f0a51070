import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withoutCredentials } from '../../../src/github/fork.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fork-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let events = 0;
async function pullRequest(head: string | null, name = 'pull_request'): Promise<NodeJS.ProcessEnv> {
  const path = join(folder, `${events++}.json`);
  const repo = head === null ? null : { full_name: head };
  const event = { pull_request: { head: { repo }, base: { repo: { full_name: 'someone/podcast' } } } };
  await writeFile(path, JSON.stringify(event));
  return { GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path, GITHUB_ACTOR: 'somebody' };
}

describe('a run that cannot have credentials does nothing', () => {
  test('a pull request of a fork, and of one that was deleted', async () => {
    expect(await withoutCredentials(await pullRequest('stranger/podcast'), 'transcribe')).toContain('from a fork');
    expect(await withoutCredentials(await pullRequest(null), 'transcribe')).toContain('from a fork');
    expect(await withoutCredentials(await pullRequest(null), 'plan')).toContain('push the branch to this repository');
  });

  test.each(['push', 'pull_request'])('%s by Dependabot', async (GITHUB_EVENT_NAME) => {
    expect(await withoutCredentials({ GITHUB_EVENT_NAME, GITHUB_ACTOR: 'dependabot[bot]' }, 'transcribe')).toContain(
      'Dependabot',
    );
  });
});

describe('any other run goes on', () => {
  test.each(['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'ACTIONS_ID_TOKEN_REQUEST_URL'])(
    'one that has %s after all, as forks of a private repository may',
    async (name) => {
      const environment = { ...(await pullRequest('stranger/podcast')), [name]: 'something' };
      expect(await withoutCredentials(environment, 'transcribe')).toBeUndefined();
    },
  );

  test('a pull request of the repository itself, and pull_request_target', async () => {
    expect(await withoutCredentials(await pullRequest('someone/podcast'), 'transcribe')).toBeUndefined();
    expect(
      await withoutCredentials(await pullRequest('stranger/podcast', 'pull_request_target'), 'transcribe'),
    ).toBeUndefined();
  });

  test('a push, a run outside of GitHub, and an event that cannot be read', async () => {
    expect(
      await withoutCredentials({ GITHUB_EVENT_NAME: 'push', GITHUB_ACTOR: 'somebody' }, 'transcribe'),
    ).toBeUndefined();
    expect(await withoutCredentials({}, 'transcribe')).toBeUndefined();
    const unreadable = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: join(folder, 'none.json') };
    expect(await withoutCredentials(unreadable, 'transcribe')).toBeUndefined();
  });
});
