import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type PublishRig, startPublishRig } from '../helpers/publish-rig.ts';

const MINUTES = 60_000;
const BRANCH = 'whisper-sagemaker/transcripts';
const settings = { publish: 'pull-request' as const };
let rig: PublishRig;
jest.setTimeout(MINUTES);

beforeAll(async () => {
  rig = await startPublishRig();
}, 5 * MINUTES);
afterAll(() => rig?.stop());
beforeEach(async () => {
  await rig.seed({ 'transcripts/old.txt': 'before\n' });
  rig.lines.length = 0;
});

/** A run in a checkout of its own, as actions/checkout makes it. */
async function runOn(transcripts: Record<string, string>, given: Parameters<PublishRig['publish']>[2] = {}) {
  const checkout = await rig.clone('--depth=1');
  return rig.publish(checkout, transcripts, { ...given, settings: { ...settings, ...given.settings } });
}
const openPulls = () => rig.pulls.pulls.filter(({ state }) => state === 'open');
const filesOf = async (branch: string) => (await rig.git(rig.bare, 'ls-tree', '-r', '--name-only', branch)).split('\n');
const commitsAhead = async () => (await rig.git(rig.bare, 'rev-list', '--count', `main..${BRANCH}`)).trim();

describe('one run', () => {
  test('opens a pull request; the branch that is checked out stays where it is; again, it finds all done', async () => {
    const checkout = await rig.clone();
    const head = await rig.git(checkout, 'rev-parse', 'HEAD');
    const transcripts = { 'transcripts/a `b` @someone.txt': 'a\n', 'transcripts/old.txt': 'redone\n' };
    const made = await rig.publish(checkout, transcripts, { settings });
    const [pull] = openPulls();
    expect(made).toEqual({
      published: 'pull-request',
      commitSha: (await rig.git(rig.bare, 'rev-parse', BRANCH)).trim(),
      pullRequest: { number: pull?.number, url: `https://github.com/someone/podcast/pull/${pull?.number}` },
    });
    expect(pull).toMatchObject({ head: BRANCH, base: 'main', title: 'Transcripts' });
    expect(pull?.body).toContain('```text\ntranscripts/a `b` @someone.txt\ntranscripts/old.txt\n```');
    expect(await rig.git(rig.bare, 'log', '-1', '--format=%an %s', BRANCH)).toBe(
      'github-actions[bot] Add 2 transcripts\n',
    );
    expect(await rig.git(checkout, 'rev-parse', 'HEAD')).toBe(head);
    expect(await rig.git(checkout, 'status', '--porcelain')).toContain(' M transcripts/old.txt');
    expect(await rig.show('main', 'transcripts/old.txt')).toBe('before\n');

    const again = await rig.publish(checkout, transcripts, { settings });
    expect(again).toEqual({ pullRequest: made.pullRequest });
    expect((await rig.git(rig.bare, 'rev-parse', BRANCH)).trim()).toBe(made.commitSha);
    expect(openPulls()).toHaveLength(1);
  });

  test('has nothing to propose when the branch has all of it', async () => {
    expect(await runOn({ 'transcripts/old.txt': 'before\n' })).toEqual({});
    expect(openPulls()).toEqual([]);
    expect(await rig.show(BRANCH, 'README.md')).toBeUndefined();
  });

  test('removes a transcript by the pull request', async () => {
    const made = await runOn({}, { removed: ['transcripts/old.txt'] });
    expect(made.published).toBe('pull-request');
    expect(await rig.git(rig.bare, 'log', '-1', '--format=%s', BRANCH)).toBe('Remove 1 transcript\n');
    expect(await rig.show(BRANCH, 'transcripts/old.txt')).toBeUndefined();
  });
});

describe('runs with different files', () => {
  test('share one pull request: one commit on the base branch as it is now, with the files of both', async () => {
    await runOn({ 'transcripts/a.txt': 'a\n', 'transcripts/taken-over.txt': 'by the run\n' });
    await rig.somebodyPushes('main', { 'news.md': 'News\n', 'transcripts/taken-over.txt': 'by a person\n' });
    // A folder of the repository, as in a monorepo.
    const checkout = await rig.clone('--depth=1');
    await rig.publish(join(checkout, 'transcripts'), { 'b.txt': 'b\n' }, { settings });

    expect(openPulls()).toHaveLength(1);
    expect(openPulls()[0]?.body).toContain('```text\ntranscripts/a.txt\ntranscripts/b.txt\n```');
    expect(await filesOf(BRANCH)).toEqual(
      expect.arrayContaining(['news.md', 'transcripts/a.txt', 'transcripts/b.txt']),
    );
    expect(await rig.show(BRANCH, 'transcripts/taken-over.txt')).toBe('by a person\n');
    expect(await commitsAhead()).toBe('1');
  });

  test('wait until GitHub has seen what git has', async () => {
    rig.pulls.lag(2);
    await runOn({ 'transcripts/a.txt': 'a\n' });
    rig.pulls.lag(2);
    await runOn({ 'transcripts/b.txt': 'b\n' });
    expect(openPulls()[0]?.body).toContain('transcripts/a.txt\ntranscripts/b.txt');
  });

  test('at once: nothing is lost, and there is one pull request', async () => {
    const names = ['a', 'b', 'c'].map((name) => `transcripts/${name}.txt`);
    const made = await Promise.all(names.map((name) => runOn({ [name]: `${name}\n` })));
    expect(openPulls()).toHaveLength(1);
    expect(made.map(({ pullRequest }) => pullRequest?.number)).toEqual(names.map(() => openPulls()[0]?.number));
    expect(await filesOf(BRANCH)).toEqual(expect.arrayContaining(names));
  });

  test('keep what people have pushed to the branch, and their corrections', async () => {
    await runOn({ 'transcripts/a.txt': 'a\n', 'transcripts/b.txt': 'b\n' });
    await rig.somebodyPushes(BRANCH, { 'transcripts/a.txt': 'corrected by hand\n' });
    const corrected = (await rig.git(rig.bare, 'rev-parse', BRANCH)).trim();
    await runOn({ 'transcripts/a.txt': 'a\n', 'transcripts/b.txt': 'redone\n', 'transcripts/c.txt': 'c\n' });
    expect(await rig.show(BRANCH, 'transcripts/a.txt')).toBe('corrected by hand\n');
    expect(await rig.show(BRANCH, 'transcripts/b.txt')).toBe('redone\n');
    expect(await rig.show(BRANCH, 'transcripts/c.txt')).toBe('c\n');
    expect((await rig.git(rig.bare, 'rev-parse', `${BRANCH}^`)).trim()).toBe(corrected);
    expect(rig.lines).toContainEqual(expect.stringMatching(/^warning: transcripts\/a\.txt was changed on the branch/));
  });
});

describe('once it is merged or closed', () => {
  test.each([
    ['merged by squash', 'squash', false],
    ['merged by squash, its branch deleted', 'squash', true],
    ['merged', 'merge', false],
  ] as const)('%s: the same files are nothing to do, and the next begins anew', async (_, how, deleted) => {
    const first = await runOn({ 'transcripts/a.txt': 'a\n' });
    await rig.pulls.close(first.pullRequest?.number ?? 0, how, deleted);
    expect(await runOn({ 'transcripts/a.txt': 'a\n' })).toEqual({});
    expect(openPulls()).toEqual([]);

    await runOn({ 'transcripts/a.txt': 'a\n', 'transcripts/b.txt': 'b\n' });
    expect(openPulls()).toHaveLength(1);
    expect(openPulls()[0]?.body).toContain('```text\ntranscripts/b.txt\n```');
    expect(await commitsAhead()).toBe('1');
  });

  test('closed: what was proposed is gone, unless the run has it', async () => {
    const first = await runOn({ 'transcripts/a.txt': 'a\n' });
    await rig.pulls.close(first.pullRequest?.number ?? 0, 'unmerged');
    await runOn({ 'transcripts/b.txt': 'b\n' });
    expect(await filesOf(BRANCH)).not.toContain('transcripts/a.txt');
  });
});

describe('what stands in the way', () => {
  test('of opening it: the files wait on the branch, and come with the next pull request', async () => {
    const refused = await runOn({ 'transcripts/a.txt': 'a\n' }, { settings: { githubToken: 'opens-none' } });
    expect(refused.published).toBeUndefined();
    expect(refused.problem?.message).toContain('not permitted to create or approve pull requests');
    expect(refused.problem?.remedy).toMatch(/Settings > Actions > General > Workflow permissions.*on the branch/s);
    await runOn({ 'transcripts/b.txt': 'b\n' });
    expect(openPulls()[0]?.body).toContain('transcripts/a.txt\ntranscripts/b.txt');
  });

  test('a token that can only read, is unknown, or is missing: which permission, or where to look', async () => {
    const problem = async (githubToken: string | undefined) =>
      (await runOn({ 'transcripts/a.txt': 'a\n' }, { settings: { githubToken } })).problem;
    expect((await problem('reads'))?.remedy).toContain('permissions: pull-requests: write, contents: write');
    expect((await problem('unknown'))?.remedy).toContain('does not accept the token');
    const checkout = await rig.clone();
    const before = rig.requirePublishable(checkout, { ...settings, githubToken: undefined });
    await expect(before).rejects.toThrow('github-token is empty');
  });

  test('its own branch is checked out, or it goes into another one', async () => {
    await runOn({ 'transcripts/a.txt': 'a\n' });
    const own = await rig.clone(`--branch=${BRANCH}`);
    await expect(rig.requirePublishable(own, settings)).rejects.toThrow('is checked out');
    await rig.git(rig.bare, 'branch', '--force', 'release', 'main');
    const release = await rig.clone('--branch=release');
    const { problem } = await rig.publish(release, { 'transcripts/b.txt': 'b\n' }, { settings });
    expect(problem?.message).toMatch(/pull request #\d+, which goes into main, not into release/);
  });
});
