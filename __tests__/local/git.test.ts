import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { UserError } from '../../src/errors.js';
import { currentBranch } from '../../src/git/branch.js';
import { commitAndPush } from '../../src/git/commit.js';
import { openGit } from '../../src/git/git.js';
import { type GitRemote, startGitRemote } from '../helpers/git-remote.ts';
import { quickClock, writeFiles } from '../helpers/workspace.ts';

const MINUTES = 60_000;
const { signal } = new AbortController();
let remote: GitRemote;
let bare: string;
const git: GitRemote['git'] = (...args) => remote.git(...args);
const clone: GitRemote['clone'] = (...args) => remote.clone(...args);

beforeAll(async () => {
  remote = await startGitRemote();
  ({ bare } = remote);
}, 5 * MINUTES);
afterAll(() => remote?.stop());
beforeEach(() => remote.seed({ 'transcripts/old.txt': 'before\n' }));

async function publish(repository: string, written: string[], removed: string[] = [], until = signal) {
  const git = openGit(repository, until);
  const branch = await currentBranch(git, repository);
  const message = (changed: readonly string[]) => `Add ${changed.length} files`;
  return commitAndPush(git, { branch, edits: { written, removed }, message }, { clock: quickClock, signal: until });
}
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
    const commit = await publish(repository, ['transcripts/-a "b"\nü.srt', 'transcripts/[x]*.txt']);

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
    expect(await readFile(join(remote.folder, 'home', '.gitconfig'), 'utf8')).not.toContain('[user]');
    expect(await readFile(join(repository, '.git', 'config'), 'utf8')).not.toContain('[user]');
  });

  test('has files that a sparse checkout has left out, and one where a folder was', async () => {
    await remote.somebodyPushes('main', { 'transcripts/was a folder/x.txt': 'x\n' });
    const repository = await clone('--sparse');
    await writeFiles(repository, { 'transcripts/old.txt': 'redone\n' });
    await publish(repository, ['transcripts/old.txt']);
    expect(await git(bare, 'show', 'main:transcripts/old.txt')).toBe('redone\n');
    expect(await git(repository, 'status', '--porcelain')).toBe('');
    await writeFiles(repository, { 'transcripts/was a folder': 'a file\n' });
    await publish(repository, ['transcripts/was a folder']);
    expect(await git(bare, 'show', 'main:transcripts/was a folder')).toBe('a file\n');
  });

  test('is not made when the branch has these files already', async () => {
    const repository = await clone();
    const before = await git(bare, 'rev-parse', 'main');
    expect((await publish(repository, ['transcripts/old.txt'])).sha).toBeUndefined();
    expect(await git(bare, 'rev-parse', 'main')).toBe(before);
  });

  test('comes from a subfolder and from a shallow checkout as well', async () => {
    const repository = await clone('--depth=1');
    await writeFiles(repository, { 'show/transcripts/a.txt': 'a\n' });
    await publish(join(repository, 'show'), ['transcripts/a.txt']);
    expect(await git(bare, 'show', 'main:show/transcripts/a.txt')).toBe('a\n');
  });

  test('comes from a subfolder of somebody else’s checkout, as in a job’s container, and not from above it', async () => {
    const repository = await clone();
    await writeFiles(repository, { 'show/transcripts/a.txt': 'a\n' });
    // git's own tests say so with it.
    process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'] = '1';
    try {
      process.env['GITHUB_WORKSPACE'] = join(repository, 'show');
      await expect(publish(join(repository, 'show'), ['transcripts/a.txt'])).rejects.toThrow('dubious ownership');
      process.env['GITHUB_WORKSPACE'] = repository;
      expect((await publish(join(repository, 'show'), ['transcripts/a.txt'])).changed).toEqual(['transcripts/a.txt']);
    } finally {
      for (const name of ['GIT_TEST_ASSUME_DIFFERENT_OWNER', 'GITHUB_WORKSPACE']) delete process.env[name];
    }
  });
});

describe('what is removed', () => {
  test('is removed from the branch, below a folder of the repository as well, and what is not there is no error', async () => {
    const repository = await clone('--depth=1');
    await rm(join(repository, 'transcripts/old.txt'));
    await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
    const committed = await publish(join(repository, 'transcripts'), ['new.txt'], ['old.txt', 'never "there"\n.txt']);
    expect(committed.changed).toEqual(['new.txt', 'old.txt']);
    expect(await git(bare, 'ls-tree', '-r', '--name-only', 'main')).toBe('README.md\ntranscripts/new.txt\n');
    expect(await git(repository, 'status', '--porcelain')).toBe('');
  });

  test('is removed although somebody has just corrected it, and from a sparse checkout that has left it out', async () => {
    const repository = await clone('--filter=blob:none', '--sparse');
    await remote.somebodyPushes('main', { 'transcripts/old.txt': 'corrected by hand\n' });
    await publish(repository, [], ['transcripts/old.txt']);
    expect(await git(bare, 'ls-tree', '-r', '--name-only', 'main')).toBe('README.md\n');
  });
});

test('a sparse checkout without blobs stays one: nothing of what it left out is fetched', async () => {
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
    'ten runs at once all get through, and none loses another’s files',
    async () => {
      const kinds = [[], ['--depth=1'], ['--filter=blob:none', '--sparse']];
      const names = Array.from({ length: 10 }, (_, index) => `transcripts/${index}.txt`);
      const repositories = await Promise.all(names.map((_, index) => clone(...(kinds[index % 3] ?? []))));
      await Promise.all(
        repositories.map(async (repository, index) => {
          await writeFiles(repository, { [`transcripts/${index}.txt`]: `${index}\n` });
          await publish(repository, [`transcripts/${index}.txt`]);
        }),
      );
      const listed = await git(bare, 'ls-tree', '--name-only', 'main', 'transcripts/');
      expect(listed.trim().split('\n')).toEqual([...names, 'transcripts/old.txt']);
      expect(await git(bare, 'rev-list', '--count', 'main')).toBe('11\n');
      for (const repository of repositories) expect(await git(repository, 'status', '--porcelain')).toBe('');
    },
    MINUTES,
  );

  test('their change of a transcript is kept, and told', async () => {
    const ours = await clone();
    await remote.somebodyPushes('main', { 'transcripts/old.txt': 'corrected by hand\n' });
    await writeFiles(ours, { 'transcripts/old.txt': 'ours\n', 'transcripts/new.txt': 'new\n' });
    expect(await publish(ours, ['transcripts/new.txt', 'transcripts/old.txt'])).toMatchObject({
      changed: ['transcripts/new.txt'],
      theirs: ['transcripts/old.txt'],
    });
    expect(await git(bare, 'show', 'main:transcripts/old.txt')).toBe('corrected by hand\n');
    expect(await git(bare, 'show', 'main:transcripts/new.txt')).toBe('new\n');
  });

  test('what they made the same is nothing to commit', async () => {
    const ours = await clone();
    await writeFiles(ours, { 'transcripts/new.txt': 'new\n' });
    await remote.somebodyPushes('main', { 'transcripts/new.txt': 'new\n' });
    expect((await publish(ours, ['transcripts/new.txt'])).sha).toBeUndefined();
    expect(await git(ours, 'rev-parse', 'HEAD')).toBe(await git(bare, 'rev-parse', 'main'));
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
    const plain = await mkdtemp(join(remote.folder, 'plain-'));
    await writeFile(join(plain, 'a.txt'), 'a');
    expect((await refusal(publish(plain, ['a.txt']))).message).toContain('not a git repository');
  });

  test('an interrupt ends a push that hangs', async () => {
    const begun = join(remote.folder, 'begun');
    await writeFiles(bare, { 'hooks/pre-receive': `#!/bin/sh\ntouch ${begun}\nsleep 60\n` });
    await chmod(join(bare, 'hooks', 'pre-receive'), 0o755);
    const repository = await clone();
    await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
    const stop = new AbortController();
    const published = publish(repository, ['transcripts/new.txt'], [], stop.signal);
    published.catch(() => undefined);
    while (
      !(await access(begun).then(
        () => true,
        () => false,
      ))
    )
      await pause(20);
    stop.abort(new Error('Stopped by SIGINT.'));
    await expect(published).rejects.toThrow('Stopped by SIGINT.');
  });

  test(
    'a server that is away: an error in the end, with what git said',
    async () => {
      const repository = await clone();
      await writeFiles(repository, { 'transcripts/new.txt': 'new\n' });
      await git(repository, 'remote', 'set-url', 'origin', join(remote.folder, 'nowhere'));
      expect((await refusal(publish(repository, ['transcripts/new.txt']))).message).toContain('nowhere');
    },
    MINUTES,
  );
});
