import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Context } from '../../src/context.js';
import { reasonToSkip } from '../../src/deploy/deployment-paths.js';
import { tellSkipped } from '../../src/report/deploy.js';
import { markerOf } from '../../src/report/plan-comment.js';
import { deploySettings } from '../helpers/deploy-settings.ts';
import { type GitHubApi, startGitHubApi } from '../helpers/github-api.ts';
import type { ChangedFile } from '../helpers/github-changes.ts';
import { quickClock } from '../helpers/workspace.ts';

const [NONE, FIRST, SECOND] = ['0', 'a', 'b'].map((digit) => digit.repeat(40)) as [string, string, string];
const ACCOUNT = '123456789012';
const WORKFLOW = '.github/workflows/deploy.yml';
const modified = (filename: string): ChangedFile => ({ filename, status: 'modified' });

let github: GitHubApi;
let folder: string;
let lines: string[];
const before = { ...process.env };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paths-'));
  // The toolkit reads the event once, when it is loaded.
  await writeFile(join(folder, 'event.json'), JSON.stringify(pullRequest));
  github = await startGitHubApi('/repos/someone/podcast/issues/7', {
    token: { login: 'bot', rights: 'write' },
    elsewhere: { login: 'bot', rights: 'none' },
  });
  Object.assign(process.env, {
    GITHUB_API_URL: github.url,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: join(folder, 'event.json'),
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_REPOSITORY: 'someone/podcast',
    GITHUB_RUN_ID: '42',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_STEP_SUMMARY: join(folder, 'summary'),
    GITHUB_WORKFLOW_REF: `someone/podcast/${WORKFLOW}@refs/heads/main`,
  });
});
afterAll(async () => {
  process.env = before;
  await github?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  lines = [];
  github.requests.length = 0;
  github.comments.length = 0;
  for (const name of ['output', 'summary']) await writeFile(join(folder, name), '');
});

const settings = deploySettings({
  mode: 'plan',
  deploymentPaths: ['{workflow}', 'whisper/**'],
  githubToken: 'token',
  comment: true,
});

function context(): Context {
  const told = (kind: string) => (text: string) => void lines.push(`${kind}: ${text}`);
  const log = { info: told('info'), notice: told('notice'), warning: told('warning') } as Context['log'];
  const clients = {} as Context['clients'];
  return { clients, account: ACCOUNT, log, clock: quickClock, signal: new AbortController().signal };
}

/** What an event of this kind and payload comes to. */
async function reason(name: string, payload: object, overrides: Partial<typeof settings> = {}) {
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify(payload));
  const environment = { ...process.env, GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path, GITHUB_SHA: SECOND };
  return reasonToSkip(context(), { ...settings, ...overrides }, environment);
}

const push = { ref: 'refs/heads/main', before: FIRST, after: SECOND, repository: { default_branch: 'main' } };
const pullRequest = { pull_request: { number: 7, head: { sha: SECOND }, base: { sha: FIRST } } };

describe('a push', () => {
  test.each([
    ['the workflow', [modified('README.md'), modified(WORKFLOW)]],
    ['one of the globs', [modified('whisper/settings.json')]],
    ['the folder of weights', [modified('weights/model.bin')]],
    ['a file that goes', [{ filename: 'whisper/old.json', status: 'removed' as const }]],
    ['a file that leaves', [{ filename: 'a.json', status: 'renamed' as const, previous_filename: 'whisper/a.json' }]],
  ])('that changes %s concerns the deployment', async (_, files) => {
    github.changed.between.set(`${FIRST}...${SECOND}`, files);
    expect(await reason('push', push)).toBeUndefined();
    expect(lines).toEqual([]);
  });

  test('that changes anything else does nothing, and says so in one line', async () => {
    github.changed.between.set(`${FIRST}...${SECOND}`, [modified('audio/episode.mp3'), modified('weights-of/it')]);
    expect(await reason('push', push, { mode: 'deploy' })).toBe(
      'This push changes nothing that defines the deployment (deployment-paths: {workflow}, whisper/**), so nothing is deployed.',
    );
  });

  test('that takes commits away may have changed it: GitHub does not tell', async () => {
    github.changed.between.set(`${FIRST}...${SECOND}`, []);
    github.changed.takenBack.add(`${FIRST}...${SECOND}`);
    expect(await reason('push', push)).toBeUndefined();
    github.changed.takenBack.clear();
    expect(lines).toEqual(['notice: deployment-paths: this push took commits away. The deployment is looked at.']);
  });

  describe('whose deploy comes late', () => {
    const late = () => reason('push', push, { mode: 'deploy' });
    beforeEach(() => {
      github.changed.between.set(`${FIRST}...${SECOND}`, [modified(WORKFLOW)]);
      github.changed.takenBack.clear();
    });

    test('does not undo what a later push has changed of the deployment', async () => {
      github.changed.between.set(`${SECOND}...main`, [modified('README.md'), modified('whisper/settings.json')]);
      expect(await late()).toMatch(/^A later push to main changes what defines the deployment again/);
      expect(await reason('push', push)).toBeUndefined();
    });

    test('is deployed when the later ones changed other things, and when it is the last', async () => {
      github.changed.between.set(`${SECOND}...main`, [modified('README.md')]);
      expect(await late()).toBeUndefined();
      github.changed.between.set(`${SECOND}...main`, []);
      expect(await late()).toBeUndefined();
    });

    test('is not deployed once the branch has left it behind', async () => {
      github.changed.between.set(`${SECOND}...main`, []);
      github.changed.takenBack.add(`${SECOND}...main`);
      expect(await late()).toMatch(/^A later push to main/);
    });
  });

  test('of more files than GitHub tells', async () => {
    const many = Array.from({ length: 301 }, (_, number) => modified(`audio/${number}.mp3`));
    github.changed.between.set(`${FIRST}...${SECOND}`, many);
    expect(await reason('push', push)).toBeUndefined();
  });

  test('of a new branch has what the main branch has not; the first push of that one counts', async () => {
    github.changed.between.set(`main...${SECOND}`, [modified('README.md')]);
    expect(await reason('push', { ...push, ref: 'refs/heads/topic', before: NONE })).toMatch(/^This push changes/);
    expect(await reason('push', { ...push, before: NONE })).toBeUndefined();
  });

  test.each([
    [undefined, 'github-token, to ask GitHub with, is empty'],
    ['stranger', 'Bad credentials'],
    ['elsewhere', 'Not Found.*`permissions: contents: read`'],
  ])('with the token %s it counts, with the reason', async (githubToken, why) => {
    expect(await reason('push', push, { githubToken })).toBeUndefined();
    expect(lines).toEqual([expect.stringMatching(`^notice: deployment-paths: .*${why}`)]);
  });
});

test('in a merge queue the group is compared with its base', async () => {
  github.changed.between.set(`${FIRST}...${SECOND}`, [modified('README.md')]);
  expect(await reason('merge_group', { merge_group: { base_sha: FIRST } })).toMatch(/^This push changes nothing/);
});

test.each(['workflow_dispatch', 'schedule'])('%s always counts, and asks nobody', async (name) => {
  expect(await reason(name, {})).toBeUndefined();
  expect(github.requests).toEqual([]);
});

test('without paths every run counts, and nobody is asked', async () => {
  expect(await reason('push', push, { deploymentPaths: [] })).toBeUndefined();
  expect(github.requests).toEqual([]);
});

describe('a pull request', () => {
  test('that changes the deployment no more: outputs, and its plan is taken back, if there was one', async () => {
    github.changed.ofPullRequest = [modified(WORKFLOW)];
    expect(await reason('pull_request', pullRequest)).toBeUndefined();
    github.changed.ofPullRequest = [modified('README.md')];
    const told = (await reason('pull_request', pullRequest)) ?? '';
    expect(told).toMatch(/^This pull request changes nothing .* so nothing is planned\.$/);

    await tellSkipped(context(), settings, told);
    expect(github.comments).toEqual([]);
    const marker = markerOf(settings, ACCOUNT);
    github.comments.push(
      { id: 1, login: 'bot', body: `${marker}\n3 changes` },
      { id: 2, login: 'bot', body: 'Mine too' },
    );
    await tellSkipped(context(), settings, told);
    expect(github.comments.map(({ body }) => body)).toEqual([
      expect.stringContaining('This pull request changes nothing any more that defines the deployment.'),
      'Mine too',
    ]);
    expect(github.comments[0]?.body.startsWith(`${marker}\n`)).toBe(true);
    expect(lines).toContain(`notice: ${told}`);
    const output = await readFile(join(folder, 'output'), 'utf8');
    expect(output).toMatch(/^changed<<(\S+)\nfalse\n\1$/m);
    expect(output).toMatch(/^skipped<<(\S+)\ntrue\n\1$/m);
    expect(await readFile(join(folder, 'summary'), 'utf8')).toContain('changes nothing that defines the deployment');
  });
});
