import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../script/lib/local-aws.ts';
import { type LocalPart, startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import { UserError } from '../../src/errors.js';
import { type Commit, commitAndPush } from '../../src/git/commit.js';
import { openGit } from '../../src/git/git.js';
import { quickClock, writeFiles } from '../helpers/transcribe-on-local-aws.ts';

const MINUTES = 60_000;
let folder: string;
let server: LocalPart;
/** The remote as clients see it, and as its owner does. */
let url: string;
let bare: string;
let clones = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-'));
  const home = join(folder, 'home');
  await writeFiles(home, { '.gitconfig': '[init]\n\tdefaultBranch = main\n[commit]\n\tgpgSign = true\n' });
  Object.assign(process.env, { HOME: home, XDG_CONFIG_HOME: home });
  server = await startLocalPart(await virtualEnvironment(), 'gitserver', ['--dir', join(folder, 'remote')]);
  url = server.lines[0] ?? '';
  bare = join(folder, 'remote', 'remote.git');
}, 5 * MINUTES);
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await rm(join(bare, 'hooks'), { recursive: true, force: true });
  // A history of its own for each test.
  const seed = join(folder, `seed-${clones++}`);
  await run('git', ['init', '--quiet', seed]);
  await git(seed, 'remote', 'add', 'origin', url);
  await writeFiles(seed, { 'README.md': `A podcast ${clones}\n`, 'transcripts/old.txt': 'before\n' });
  await git(seed, 'add', '.');
  await git(seed, ...user, 'commit', '--quiet', '--no-gpg-sign', '-m', 'Seed');
  await git(seed, 'push', '--quiet', '--force', 'origin', 'HEAD:main');
});

const user = ['-c', 'user.name=A podcaster', '-c', 'user.email=podcaster@example.com', '-c', 'commit.gpgSign=false'];
const git = (cwd: string, ...args: string[]) => run('git', ['-C', cwd, ...args]);
async function clone(...args: string[]): Promise<string> {
  const path = join(folder, `clone-${clones++}`);
  await run('git', ['clone', '--quiet', ...args, url, path]);
  return path;
}
const publish = (repository: string, paths: string[], signal = new AbortController().signal) =>
  commitAndPush(
    openGit(repository, signal),
    { paths, message: (changed) => `Add ${changed.length} files`, folder: repository },
    { clock: quickClock, signal },
  );
async function refusal(request: Promise<unknown>): Promise<UserError> {
  const error = await request.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('a commit', () => {
  test('has our files and nothing else, in the name of GitHub Actions; what was staged stays staged', async () => {
    const repository = await clone();
    await writeFiles(repository, {
      'staged.txt': 'half done',
      'untracked.txt': 'not yet',
      'README.md': 'edited\n',
      'transcripts/-a "b"\nü.srt': '1\n',
      'transcripts/[x]*.txt': 'x\n',
      '.gitignore': 'transcripts/\n',
    });
    await git(repository, 'add', 'staged.txt');
    const commit = (await publish(repository, ['transcripts/-a "b"\nü.srt', 'transcripts/[x]*.txt'])) as Commit;

    expect(await git(bare, 'show', '--no-patch', '--format=%H|%an|%ae|%cn|%ce|%s', 'main')).toBe(
      [
        commit.sha,
        'github-actions[bot]',
        '41898282+github-actions[bot]@users.noreply.github.com',
        'github-actions[bot]',
        '41898282+github-actions[bot]@users.noreply.github.com',
        'Add 2 files\n',
      ].join('|'),
    );
    expect((await git(bare, 'show', '--format=', '--name-only', '-z', 'main')).split('\0')).toEqual([
      'transcripts/-a "b"\nü.srt',
      'transcripts/[x]*.txt',
      '',
    ]);
    expect(await git(repository, 'rev-parse', 'HEAD')).toBe(`${commit.sha}\n`);
    expect(await git(repository, 'status', '--porcelain')).toBe(
      ' M README.md\nA  staged.txt\n?? .gitignore\n?? untracked.txt\n',
    );
    expect(await readFile(join(folder, 'home', '.gitconfig'), 'utf8')).not.toContain('[user]');
    expect(await readFile(join(repository, '.git', 'config'), 'utf8')).not.toContain('[user]');
  });

  test('is not made when the branch has these files already', async () => {
    const repository = await clone();
    const before = await git(bare, 'rev-parse', 'main');
    expect(await publish(repository, ['transcripts/old.txt'])).toBeUndefined();
    expect(await git(bare, 'rev-parse', 'main')).toBe(before);
  });

  test('comes from a subfolder and from a shallow checkout as well', async () => {
    const repository = await clone('--depth=1');
    await writeFiles(repository, { 'show/transcripts/a.txt': 'a\n' });
    await publish(join(repository, 'show'), ['transcripts/a.txt']);
    expect(await git(bare, 'show', 'main:show/transcripts/a.txt')).toBe('a\n');
  });
});

test('a sparse checkout without blobs stays one: nothing of what it left out is fetched', async () => {
  await git(bare, 'config', 'uploadpack.allowFilter', 'true');
  const repository = await clone('--filter=blob:none', '--sparse');
  const missing = async () =>
    (await git(repository, 'rev-list', '--objects', '--all', '--missing=print'))
      .split('\n')
      .filter((line) => line.startsWith('?'));
  const before = await missing();
  expect(before.length).toBeGreaterThan(0);
  await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
  expect(await publish(repository, ['transcripts/new.txt'])).toMatchObject({ changed: ['transcripts/new.txt'] });
  expect(await git(bare, 'show', 'main:transcripts/old.txt')).toBe('before\n');
  expect(await missing()).toEqual(before);
});

describe('when others push too', () => {
  test(
    'three runs at once all get through, and none loses another’s files',
    async () => {
      const repositories = [await clone(), await clone('--depth=1'), await clone()];
      await Promise.all(
        repositories.map(async (repository, index) => {
          for (let turn = 0; turn < 3; turn++) {
            const path = `transcripts/${index}-${turn}.txt`;
            await writeFiles(repository, { [path]: `${path}\n` });
            await publish(repository, [path]);
          }
        }),
      );
      const names = await git(bare, 'ls-tree', '--name-only', 'main', 'transcripts/');
      expect(names.trim().split('\n').length).toBe(10);
      expect(await git(bare, 'rev-list', '--count', 'main')).toBe('10\n');
      for (const repository of repositories) expect(await git(repository, 'status', '--porcelain')).toBe('');
    },
    MINUTES,
  );

  test('their change of a transcript is kept, and told', async () => {
    const [ours, theirs] = [await clone(), await clone()];
    await writeFiles(theirs, { 'transcripts/old.txt': 'corrected by hand\n' });
    await git(theirs, ...user, 'commit', '--quiet', '-am', 'Correct');
    await git(theirs, 'push', '--quiet');
    await writeFiles(ours, { 'transcripts/old.txt': 'ours\n', 'transcripts/new.txt': 'new\n' });
    expect(await publish(ours, ['transcripts/new.txt', 'transcripts/old.txt'])).toMatchObject({
      changed: ['transcripts/new.txt'],
      theirs: ['transcripts/old.txt'],
    });
    expect(await git(bare, 'show', 'main:transcripts/old.txt')).toBe('corrected by hand\n');
    expect(await git(bare, 'show', 'main:transcripts/new.txt')).toBe('new\n');
  });

  test('what they made the same is nothing to commit', async () => {
    const [ours, theirs] = [await clone(), await clone()];
    for (const repository of [ours, theirs]) await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
    await git(theirs, 'add', 'transcripts');
    await git(theirs, ...user, 'commit', '--quiet', '-m', 'The same');
    await git(theirs, 'push', '--quiet');
    expect(await publish(ours, ['transcripts/new.txt'])).toBeUndefined();
    expect(await git(ours, 'rev-parse', 'HEAD')).toBe(await git(theirs, 'rev-parse', 'HEAD'));
  });
});

describe('a push that cannot be', () => {
  test('a branch that the server protects: the refusal, and the files stay', async () => {
    await writeFiles(bare, {
      'hooks/pre-receive': '#!/bin/sh\necho "GH006: Protected branch update failed" >&2\nexit 1\n',
    });
    await chmod(join(bare, 'hooks', 'pre-receive'), 0o755);
    const repository = await clone();
    await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
    const { message, remedy } = await refusal(publish(repository, ['transcripts/new.txt']));
    expect(message).toContain('GH006: Protected branch update failed');
    expect(remedy).toContain('publish: artifact');
    expect(await readFile(join(repository, 'transcripts/new.txt'), 'utf8')).toBe('new\n');
  });

  test('a branch that was deleted meanwhile is not made again; one that was made here is', async () => {
    await git(bare, 'branch', '--force', 'feature', 'main');
    const repository = await clone('--branch=feature');
    await git(bare, 'branch', '--delete', '--force', 'feature');
    await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
    expect((await refusal(publish(repository, ['transcripts/new.txt']))).message).toContain('no longer on origin');
    expect(await git(bare, 'branch', '--list', 'feature')).toBe('');
    await git(repository, 'checkout', '--quiet', '--no-track', '-b', 'ours');
    await publish(repository, ['transcripts/new.txt']);
    expect(await git(bare, 'show', 'ours:transcripts/new.txt')).toBe('new\n');
  });

  test('a detached HEAD, no repository, no remote', async () => {
    const repository = await clone();
    await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
    await git(repository, 'checkout', '--quiet', '--detach');
    expect((await refusal(publish(repository, ['transcripts/new.txt']))).message).toContain('HEAD is detached');
    await git(repository, 'checkout', '--quiet', 'main');
    await git(repository, 'remote', 'remove', 'origin');
    expect((await refusal(publish(repository, ['transcripts/new.txt']))).message).toContain('no remote "origin"');
    const plain = await mkdtemp(join(folder, 'plain-'));
    await writeFile(join(plain, 'a.txt'), 'a');
    expect((await refusal(publish(plain, ['a.txt']))).message).toContain('not a git repository');
  });

  test(
    'a server that is away: an error in the end, with what git said',
    async () => {
      const repository = await clone();
      await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
      await git(repository, 'remote', 'set-url', 'origin', join(folder, 'nowhere'));
      expect((await refusal(publish(repository, ['transcripts/new.txt']))).message).toContain('nowhere');
    },
    MINUTES,
  );
});
