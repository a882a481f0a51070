import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type LocalPart, startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import { startGitHttp } from '../helpers/git-http.ts';
import { type PublishRig, startPublishRig } from '../helpers/publish-rig.ts';

const MINUTES = 60_000;
jest.setTimeout(MINUTES);
const TRANSCRIPT = { 'transcripts/a.txt': 'a\n' };
let rig: PublishRig;
let artifacts: LocalPart;
/** GitHub as it answers pushes with a token that may not. */
let denying: Server;

beforeAll(async () => {
  rig = await startPublishRig();
  const folder = await mkdtemp(join(rig.folder, 'artifacts-'));
  artifacts = await startLocalPart(await virtualEnvironment(), 'artifacts', ['--dir', folder]);
  denying = createServer((_, response) => response.writeHead(403).end('Write access to repository not granted.'));
  await new Promise<void>((resolve) => denying.listen(0, '127.0.0.1', resolve));
}, 5 * MINUTES);
afterAll(async () => {
  denying?.close();
  await artifacts?.stop();
  await rig?.stop();
});
beforeEach(async () => {
  await rig.seed({ 'transcripts/old.txt': 'before\n' });
  await rig.event('push', {});
  offerArtifacts(false);
  rig.lines.length = 0;
});

/** Sets or removes what a runner tells its steps of the artifact service. */
function offerArtifacts(offered: boolean): void {
  for (const [name = '', value] of artifacts.lines.map((line) => line.split(/=(.*)/s))) {
    if (offered) process.env[name] = value;
    else delete process.env[name];
  }
}
const warnings = () => rig.lines.filter((line) => line.startsWith('warning: '));

describe('a commit', () => {
  test('says how many files it has, and where it comes from; a name in it does nothing', async () => {
    const commitMessage = 'Add {count} transcripts\n\nBy {run}\u001b[31m';
    const transcripts = { 'transcripts/[skip ci] $(touch x).txt': 'a\n', 'transcripts/--help\n.txt': 'b\n' };
    const checkout = await rig.clone('--depth=1');
    const { published, commitSha } = await rig.publish(checkout, transcripts, { settings: { commitMessage } });
    expect(published).toBe('commit');
    expect(await rig.git(rig.bare, 'log', '-1', '--format=%H%n%B', 'main')).toBe(
      `${commitSha}\nAdd 2 transcripts\n\nBy https://github.com/someone/podcast/actions/runs/42[31m\n\n`,
    );
    expect(await rig.publish(checkout, transcripts)).toEqual({});
  });

  test('that only removes says so', async () => {
    await rig.publish(await rig.clone(), {}, { removed: ['transcripts/old.txt'] });
    expect(await rig.git(rig.bare, 'log', '-1', '--format=%s', 'main')).toBe('Remove 1 transcript\n');
  });

  test('is made after an interrupt as well, as long as there is time', async () => {
    const stopped = AbortSignal.abort(new Error('Stopped by SIGINT.'));
    const late = await rig.publish(await rig.clone(), TRANSCRIPT, { context: { signal: stopped } });
    expect(late.problem?.message).toContain('Stopped by SIGINT.');
    expect(await rig.show('main', 'transcripts/a.txt')).toBeUndefined();
    const { signal } = new AbortController();
    expect((await rig.publish(await rig.clone(), TRANSCRIPT, { context: { signal } })).published).toBe('commit');
  });
});

describe('a push that the rules of the branch refuse', () => {
  test('becomes a pull request, and a warning says so', async () => {
    await rig.protect('main');
    const made = await rig.publish(await rig.clone(), TRANSCRIPT);
    expect(made).toMatchObject({ published: 'pull-request', pullRequest: { number: rig.pulls.pulls.at(-1)?.number } });
    expect(rig.pulls.pulls.at(-1)).toMatchObject({ state: 'open', base: 'main' });
    expect(warnings()).toEqual([expect.stringMatching(/GH013.*go into a pull request instead/s)]);
    expect(await rig.show('main', 'transcripts/a.txt')).toBeUndefined();
  });

  test.each([
    ['Actions may not open pull requests', 'opens-none', ['main'], /not permitted to create or approve/],
    ['the rules are of all branches', 'writes', ['*'], /refused the push to whisper-sagemaker\/transcripts/],
  ])('becomes an artifact when %s', async (_, githubToken, branches, why) => {
    await rig.protect(...branches);
    offerArtifacts(true);
    const settings = { githubToken, artifactName: `a-${githubToken}` };
    const made = await rig.publish(await rig.clone(), TRANSCRIPT, { settings });
    expect(made).toEqual({ published: 'artifact', artifactId: expect.any(Number) });
    expect(warnings()).toEqual([
      expect.stringMatching(/GH013.*go into a pull request instead/s),
      expect.stringMatching(new RegExp(`${why.source}.*go into an artifact instead`, 's')),
    ]);
  });

  test('fails with both reasons when nothing else works; what was to be removed is no artifact', async () => {
    await rig.protect('*');
    const { published, problem } = await rig.publish(await rig.clone(), TRANSCRIPT);
    expect(published).toBeUndefined();
    expect(problem?.message).toMatch(/push to main.*GH013.*push to whisper-sagemaker\/transcripts.*GH013/s);
    offerArtifacts(true);
    const settings = { githubToken: undefined, artifactName: 'removed' };
    const made = await rig.publish(await rig.clone(), TRANSCRIPT, { settings, removed: ['transcripts/old.txt'] });
    expect(made).toMatchObject({ published: 'artifact', problem: { message: expect.stringContaining('GH013') } });
  });
});

test('without permission to push no pull request is tried', async () => {
  offerArtifacts(true);
  const checkout = await rig.clone();
  const url = `http://127.0.0.1:${(denying.address() as AddressInfo).port}/someone/podcast`;
  await rig.git(checkout, 'remote', 'set-url', 'origin', url);
  const made = await rig.publish(checkout, TRANSCRIPT, { settings: { artifactName: 'denied' } });
  expect(made.published).toBe('artifact');
  expect(warnings()).toEqual([expect.stringMatching(/contents: write.*go into an artifact instead/s)]);
});

test('a checkout that keeps no credentials pushes with github-token, which stays nowhere', async () => {
  const http = await startGitHttp(rig.bare, 'ghs_secret');
  const { GITHUB_SERVER_URL } = process.env;
  try {
    process.env['GITHUB_SERVER_URL'] = http.server;
    const checkout = await rig.clone();
    await rig.git(checkout, 'remote', 'set-url', 'origin', `${http.server}/someone/podcast`);
    const denied = await rig.publish(checkout, TRANSCRIPT, { settings: { githubToken: 'ghs_other' } });
    expect(denied.problem?.remedy).toContain('contents: write');
    const made = await rig.publish(checkout, TRANSCRIPT, { settings: { githubToken: 'ghs_secret' } });
    expect(made.published).toBe('commit');
    expect(await rig.show('main', 'transcripts/a.txt')).toBe('a\n');
    expect(await rig.git(checkout, 'config', '--list')).not.toMatch(/extraheader|ghs_/i);

    // Its own credentials come first: two headers would be refused.
    const header = `AUTHORIZATION: basic ${Buffer.from('x-access-token:ghs_secret').toString('base64')}`;
    await rig.git(checkout, 'config', `http.${http.server}/.extraheader`, header);
    const next = { 'transcripts/b.txt': 'b\n' };
    expect((await rig.publish(checkout, next, { settings: { githubToken: 'ghs_other' } })).published).toBe('commit');
  } finally {
    process.env['GITHUB_SERVER_URL'] = GITHUB_SERVER_URL;
    http.stop();
  }
});

describe('a detached HEAD', () => {
  const detached = async () => {
    const checkout = await rig.clone();
    await rig.git(checkout, 'checkout', '--quiet', '--detach');
    return checkout;
  };
  const pullRequestOf = (head: string) => ({
    pull_request: { head: { repo: { full_name: head } }, base: { repo: { full_name: 'someone/podcast' } } },
  });

  test('of a fork’s pull request is published as an artifact', async () => {
    const checkout = await detached();
    await rig.event('pull_request', pullRequestOf('stranger/podcast'));
    await expect(rig.requirePublishable(checkout)).rejects.toThrow('HEAD is detached');
    offerArtifacts(true);
    await rig.requirePublishable(checkout);
    const made = await rig.publish(checkout, TRANSCRIPT, { settings: { artifactName: 'fork' } });
    expect(made.published).toBe('artifact');
  });

  test('of a pull request of the repository itself is refused before anything is paid for', async () => {
    offerArtifacts(true);
    await rig.event('pull_request', pullRequestOf('someone/podcast'));
    await expect(rig.requirePublishable(await detached())).rejects.toThrow('HEAD is detached');
  });
});

describe('dispatch-workflow', () => {
  const settings = { dispatchWorkflow: 'pages.yml' };
  const withWorkflow = (on: string) =>
    rig.somebodyPushes('main', { '.github/workflows/pages.yml': `on: ${on}\njobs: {}\n` });

  test('is started after a push, on its branch, and not without one', async () => {
    await withWorkflow('{ push: {}, workflow_dispatch: {} }');
    const checkout = await rig.clone();
    await rig.publish(checkout, TRANSCRIPT, { settings });
    expect(rig.pulls.dispatched).toEqual(['pages.yml main']);
    await rig.publish(checkout, TRANSCRIPT, { settings });
    expect(rig.pulls.dispatched).toHaveLength(1);
  });

  test.each([
    ['has another trigger', 'push', 'writes', /needs the trigger workflow_dispatch/],
    ['is not there', undefined, 'writes', /There must be a \.github\/workflows\/pages\.yml/],
    ['may not be started', 'workflow_dispatch', 'starts-none', /permissions: actions: write/],
  ])('is a warning when it %s', async (_, on, githubToken, warning) => {
    if (on) await withWorkflow(on);
    const made = await rig.publish(await rig.clone(), TRANSCRIPT, { settings: { ...settings, githubToken } });
    expect(made.published).toBe('commit');
    expect(warnings()).toEqual([expect.stringMatching(warning)]);
  });
});
