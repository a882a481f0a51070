import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../script/lib/local-aws.ts';
import type { Context } from '../../src/context.js';
import type { UserError } from '../../src/errors.js';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import { changedFiles } from '../../src/transcribe/select/changed.js';
import { select } from '../../src/transcribe/select/select.js';
import { type GitRemote, startGitRemote } from '../helpers/git-remote.ts';
import { type GitHubApi, startGitHubApi } from '../helpers/github-api.ts';
import { transcribeSettings } from '../helpers/transcribe-settings.ts';
import { quickClock, writeFiles } from '../helpers/workspace.ts';

const MINUTES = 60_000;
const NONE = '0'.repeat(40);
const TOKEN = 'ghs_token';
const PERSON = ['-c', 'user.name=A podcaster', '-c', 'user.email=podcaster@example.com', '-c', 'commit.gpgSign=false'];

let remote: GitRemote;
let github: GitHubApi;
/** Where a person works, and the first commit there. */
let work: string;
let first: string;
let lines: string[];

beforeAll(async () => {
  github = await startGitHubApi('/repos/someone/podcast/issues/7', { [TOKEN]: { login: 'bot', rights: 'read' } });
  process.env['GITHUB_API_URL'] = github.url;
  remote = await startGitRemote();
  await remote.seed({
    'audio/old.mp3': 'old',
    'audio/gone.mp3': 'gone',
    'audio/edited.mp3': '1',
    'show/whisper.yml': 'a',
  });
  work = await remote.clone();
  first = await git('rev-parse', 'HEAD');
}, 5 * MINUTES);
afterAll(async () => {
  await remote?.stop();
  await github?.stop();
});
beforeEach(async () => {
  lines = [];
  github.requests.length = 0;
  await git('checkout', '--quiet', '--force', '-B', 'main', first);
  await git('push', '--quiet', '--force', 'origin', 'main');
});

const git = async (...args: string[]) => (await remote.git(work, ...PERSON, ...args)).trim();

/** Commits these files on the branch that the person is on, without those of undefined content. */
async function commit(files: Record<string, string | undefined>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) await git('rm', '--quiet', '--', path);
    else await writeFiles(work, { [path]: content });
  }
  await git('add', '--all');
  await git('commit', '--quiet', '-m', 'By a person');
  return git('rev-parse', 'HEAD');
}

/** As actions/checkout does it: one commit, by its SHA, in a repository of its own. */
async function checkout(sha: string, depth = ['--depth=1']): Promise<string> {
  const folder = await mkdtemp(join(remote.folder, 'checkout-'));
  await run('git', ['init', '--quiet', folder]);
  await remote.git(folder, 'remote', 'add', 'origin', remote.url);
  await remote.git(
    folder,
    'fetch',
    '--quiet',
    '--no-tags',
    ...depth,
    'origin',
    `+${sha}:refs/remotes/origin/checked-out`,
  );
  await remote.git(folder, 'checkout', '--quiet', '--detach', 'refs/remotes/origin/checked-out');
  return folder;
}

const CANDIDATES = [
  'audio/old.mp3',
  'audio/edited.mp3',
  'audio/gone.mp3',
  'audio/new.mp3',
  'audio/renamed.mp3',
  'show/ep1.mp3',
  '-a "b"\n$(c).mp3',
];

const context = () =>
  ({
    signal: new AbortController().signal,
    clock: quickClock,
    log: { notice: (line: string) => lines.push(line), info: (line: string) => lines.push(line) },
  }) as unknown as Context;

/** As the runner tells a step of an event. */
async function environmentOf(name: string, payload: unknown): Promise<NodeJS.ProcessEnv> {
  const path = join(await mkdtemp(join(remote.folder, 'event-')), 'event.json');
  await writeFile(path, JSON.stringify(payload));
  return { GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path, GITHUB_REPOSITORY: 'someone/podcast' };
}

/** Those of the candidates that count as changed. */
async function changed(
  workspace: string,
  name: string,
  payload: unknown,
  settings: Partial<TranscribeSettings> = {},
  environment: NodeJS.ProcessEnv = {},
): Promise<string[]> {
  const runner = await environmentOf(name, payload);
  const matches = await changedFiles(context(), transcribeSettings({ workspace, ...settings }), {
    ...runner,
    ...environment,
  });
  return CANDIDATES.filter(matches);
}

const push = (before: string, after: string, ref = 'refs/heads/main') => ({
  ref,
  before,
  after,
  repository: { default_branch: 'main' },
});
const depthOf = (folder: string) => remote.git(folder, 'rev-list', '--count', 'HEAD');

describe('a push', () => {
  test('of several commits: what was added, edited and renamed, by any name; only one commit is fetched', async () => {
    await commit({ 'audio/new.mp3': '1', '-a "b"\n$(c).mp3': 'x' });
    await git('mv', 'audio/gone.mp3', 'audio/renamed.mp3');
    const after = await commit({ 'audio/edited.mp3': '2' });
    await git('push', '--quiet', '--force', 'origin', 'HEAD:main');
    const folder = await checkout(after);
    expect(await changed(folder, 'push', push(first, after))).toEqual([
      'audio/edited.mp3',
      'audio/new.mp3',
      'audio/renamed.mp3',
      '-a "b"\n$(c).mp3',
    ]);
    expect(await depthOf(folder)).toBe('1\n');
    expect(lines).toEqual([]);
  });

  test('of a merge: what the other branch brings; a whole clone keeps its history', async () => {
    await git('checkout', '--quiet', '-B', 'topic');
    await commit({ 'audio/new.mp3': '1' });
    await git('checkout', '--quiet', 'main');
    const before = await commit({ 'audio/edited.mp3': '2' });
    await git('merge', '--quiet', '--no-ff', '-m', 'Merge', 'topic');
    const after = await git('rev-parse', 'HEAD');
    await git('push', '--quiet', '--force', 'origin', 'HEAD:main');
    const folder = await checkout(after, []);
    expect(await changed(folder, 'push', push(before, after))).toEqual(['audio/new.mp3']);
    expect(await depthOf(folder)).toBe('4\n');
  });

  test('by force: what is other than before, although that is on no branch any more', async () => {
    const before = await commit({ 'audio/new.mp3': 'first try', 'audio/gone.mp3': undefined });
    await git('push', '--quiet', '--force', 'origin', 'HEAD:main');
    await git('reset', '--quiet', '--hard', first);
    const after = await commit({ 'audio/new.mp3': 'second try' });
    await git('push', '--quiet', '--force', 'origin', 'HEAD:main');
    for (const folder of [await checkout(after), await checkout(after, [])]) {
      expect(await changed(folder, 'push', push(before, after))).toEqual(['audio/gone.mp3', 'audio/new.mp3']);
    }
  });

  test('of a new branch: what the main branch does not have', async () => {
    await git('checkout', '--quiet', '-b', 'episode/ü');
    await commit({ 'audio/new.mp3': '1' });
    const after = await commit({ 'audio/renamed.mp3': '1' });
    await git('push', '--quiet', 'origin', 'HEAD');
    const folder = await checkout(after);
    expect(await changed(folder, 'push', push(NONE, after, 'refs/heads/episode/ü'))).toEqual([
      'audio/new.mp3',
      'audio/renamed.mp3',
    ]);
  });

  test('of options beside the audio: all that they are for, also when they are gone', async () => {
    const after = await commit({ 'show/whisper.yml': undefined });
    await git('push', '--quiet', '--force', 'origin', 'HEAD:main');
    expect(await changed(await checkout(after), 'push', push(first, after))).toEqual(['show/ep1.mp3']);
    const later = await commit({ 'whisper.yml': 'language: en' });
    await git('push', '--quiet', '--force', 'origin', 'HEAD:main');
    expect(await changed(await checkout(later), 'push', push(after, later))).toEqual(CANDIDATES);
    expect(lines).toEqual([]);
  });

  test('in a folder of the repository: by paths relative to it', async () => {
    const after = await commit({ 'one/audio/new.mp3': '1', 'audio/edited.mp3': '2' });
    await git('push', '--quiet', '--force', 'origin', 'HEAD:main');
    const folder = await checkout(after);
    expect(await changed(join(folder, 'one'), 'push', push(first, after))).toEqual(['audio/new.mp3']);
  });

  test('that deletes a branch changes nothing', async () => {
    expect(await changed(await checkout(first), 'push', push(first, NONE))).toEqual([]);
  });
});

const earlier = (pending: string[] = []) => ({
  endpointFolder: () => Promise.reject(new Error('no endpoint')),
  pending: async () => new Set(pending),
});

test('a run looks at what was changed; that nothing was is no error', async () => {
  const after = await commit({ 'audio/new.mp3': '1', 'audio/old.wav': '1', 'notes.txt': '1' });
  const last = await commit({ 'audio/new.mp3': '2', 'notes.txt': '2' });
  await git('push', '--quiet', '--force', 'origin', 'HEAD:main');
  const workspace = await checkout(last);
  const selected = async (files: string[], before: string, pending: string[] = []) => {
    Object.assign(process.env, await environmentOf('push', push(before, last)));
    const settings = transcribeSettings({ workspace, files, changedOnly: true });
    const { found } = await select(context(), settings, earlier(pending));
    return found.map(({ path }) => path);
  };
  // That the others share a transcript is an old matter.
  expect(await selected(['audio/*'], after)).toEqual(['audio/new.mp3']);
  expect(await selected(['show/*.mp3', 'audio/old.*', '!**/*.wav'], after)).toEqual([]);
  expect(lines).toEqual(['changed-only: 1 of 5 files.', 'changed-only: 0 of 1 files.']);
  // What an earlier push has sent is collected by the next one.
  expect(await selected(['audio/*.mp3'], last, ['audio/old.mp3', 'audio/nowhere.mp3'])).toEqual(['audio/old.mp3']);
  await expect(selected(['audio/*'], first)).rejects.toThrow('audio/old.mp3 and audio/old.wav');
  await expect(selected(['audio/*.flac'], after)).rejects.toThrow('No file matches audio/*.flac');
});

test('what the commit has and the workspace has not is told as what it is', async () => {
  const workspace = await checkout(first);
  await rm(join(workspace, 'audio/old.mp3'));
  await remote.git(workspace, 'update-index', '--add', '--cacheinfo', `160000,${first},shared/audio`);
  const remedy = async (file: string) => {
    const settings = transcribeSettings({ workspace, files: [file] });
    return select(context(), settings, earlier()).catch((error: UserError) => error.remedy);
  };
  expect(await remedy('audio/o*.mp3')).toContain('has "audio/old.mp3", but the workspace has not: see sparse-checkout');
  expect(await remedy('shared/audio/**')).toContain('"shared/audio" is a submodule: give actions/checkout');
});

describe('a pull request', () => {
  let head: string;
  let base: string;
  let merge: string;
  beforeEach(async () => {
    await git('checkout', '--quiet', '-B', 'topic');
    head = await commit({ 'audio/new.mp3': '1' });
    await git('checkout', '--quiet', 'main');
    base = await commit({ 'audio/edited.mp3': '2' });
    await git('merge', '--quiet', '--no-ff', '-m', 'Merge', 'topic');
    merge = await git('rev-parse', 'HEAD');
    const pull = [`${head}:refs/pull/7/head`, `${merge}:refs/pull/7/merge`];
    await git('push', '--quiet', '--force', 'origin', `${base}:main`, ...pull);
  });
  const opened = () => ({ pull_request: { number: 7, head: { sha: head }, base: { sha: first } } });

  test('in its merge with the base: what it changes, and not what the base did meanwhile', async () => {
    const folder = await checkout(merge);
    expect(await changed(folder, 'pull_request', opened())).toEqual(['audio/new.mp3']);
    expect(github.requests).toEqual([]);
  });

  test('at its head with all history: since it began', async () => {
    const folder = await checkout(head, []);
    expect(await changed(folder, 'pull_request', opened())).toEqual(['audio/new.mp3']);
    expect(github.requests).toEqual([]);
  });

  test('at its head alone: as GitHub tells it, page by page', async () => {
    const many = Array.from({ length: 250 }, (_, index) => ({ filename: `${index}.txt`, status: 'added' as const }));
    github.changed.ofPullRequest = [
      ...many,
      { filename: 'audio/renamed.mp3', previous_filename: 'show/whisper.yml', status: 'renamed' },
      { filename: 'audio/gone.mp3', status: 'removed' },
      { filename: 'audio/new.mp3', status: 'added' },
    ];
    const folder = await checkout(head);
    const found = await changed(folder, 'pull_request', opened(), { githubToken: TOKEN });
    expect(found).toEqual(['audio/new.mp3', 'audio/renamed.mp3', 'show/ep1.mp3']);
    expect(github.requests.length).toBe(3);
    expect(lines).toEqual([]);
  });

  test('of more than GitHub tells: all files, and a notice', async () => {
    github.changed.ofPullRequest = Array.from({ length: 3001 }, (_, index) => ({
      filename: `${index}.txt`,
      status: 'added' as const,
    }));
    const folder = await checkout(head);
    expect(await changed(folder, 'pull_request', opened(), { githubToken: TOKEN })).toEqual(CANDIDATES);
    expect(lines).toEqual([expect.stringContaining('GitHub does not tell all of the changes. All files')]);
  });
});

describe('when git has no commit to compare with', () => {
  const lost = 'a'.repeat(40);
  const compared = async (settings: Partial<TranscribeSettings>, environment: NodeJS.ProcessEnv = {}) =>
    changed(await checkout(first), 'push', push(lost, first), settings, environment);

  test('GitHub is asked', async () => {
    github.changed.between.set(`${lost}...${first}`, [{ filename: 'audio/edited.mp3', status: 'modified' }]);
    expect(await compared({ githubToken: TOKEN })).toEqual(['audio/edited.mp3']);
    github.changed.between.clear();
  });

  const cases: [string, Partial<TranscribeSettings>, NodeJS.ProcessEnv, RegExp][] = [
    ['it does not know the commit', { githubToken: TOKEN }, {}, /GitHub did not tell the changes: Not Found/],
    ['it does not take the token', { githubToken: 'ghs_wrong' }, {}, /Bad credentials/],
    ['there is no token', {}, {}, /github-token, to ask GitHub with, is empty/],
  ];
  test.each(cases)('and %s: all files count, with a notice', async (_name, settings, environment, reason) => {
    expect(await compared(settings, environment)).toEqual(CANDIDATES);
    expect(lines).toEqual([expect.stringMatching(reason)]);
  });

  test('and another repository is checked out, GitHub is not asked about the wrong one', async () => {
    const folder = await checkout(first);
    await remote.git(folder, 'remote', 'set-url', 'origin', 'https://github.com/someone/else.git');
    // Nothing leaves this machine.
    await remote.git(folder, 'config', 'protocol.https.allow', 'never');
    expect(await changed(folder, 'push', push(lost, first), { githubToken: TOKEN })).toEqual(CANDIDATES);
    expect(lines).toEqual([expect.stringContaining('the checkout is not of someone/podcast')]);
    expect(github.requests).toEqual([]);
  });
});

test('what tells no changes leaves all files, with a notice', async () => {
  const folder = await checkout(first);
  const tag = push(NONE, first, 'refs/tags/v1');
  const newBranch = push(NONE, first, 'refs/heads/topic');
  const events: [string, unknown, string][] = [
    ['workflow_dispatch', { inputs: {} }, 'the event "workflow_dispatch" tells no changes'],
    ['push', tag, 'a new tag changes nothing'],
    ['push', push(NONE, first), 'the first push of the main branch'],
    ['push', push('--upload-pack=touch x', first), 'the event "push" tells no changes'],
    ['push', { ...newBranch, repository: { default_branch: '--upload-pack=touch x' } }, 'could not be fetched'],
  ];
  for (const [name, payload, reason] of events) {
    expect(await changed(folder, name, payload)).toEqual(CANDIDATES);
    expect(lines.pop()).toContain(reason);
  }
  expect(lines).toEqual([]);
});
