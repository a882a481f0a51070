import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { currentBranch } from '../../src/git/branch.js';
import { commitAndPush } from '../../src/git/commit.js';
import { openGit } from '../../src/git/git.js';
import { type GitRemote, startGitRemote } from '../helpers/git-remote.ts';
import { quickClock, writeFiles } from '../helpers/workspace.ts';

const MINUTES = 60_000;
const { signal } = new AbortController();
let remote: GitRemote;

beforeAll(async () => {
  remote = await startGitRemote();
}, 5 * MINUTES);
afterAll(() => remote?.stop());

test(
  'what .gitattributes gives to Git LFS goes there, and the commit has its pointer',
  async () => {
    const { bare } = remote;
    await remote.seed({ '.gitattributes': '*.json filter=lfs diff=lfs merge=lfs -text\n' });
    const repository = await remote.clone();
    // LFS as a runner has it: the filter for all repositories, and no hook in this one. The server's part is a folder.
    await remote.git(repository, 'remote', 'set-url', 'origin', `file://${bare}`);
    for (const step of ['clean', 'smudge'])
      await remote.git(repository, 'config', `filter.lfs.${step}`, `git-lfs ${step} -- %f`);
    await writeFiles(repository, { 'transcripts/a.json': '{"text":"Hello"}\n', 'transcripts/a.txt': 'Hello\n' });
    const git = openGit(repository, signal);
    const branch = await currentBranch(git, repository);
    const edits = { written: ['transcripts/a.json', 'transcripts/a.txt'], removed: [] };
    await commitAndPush(git, { branch, edits, message: () => 'Add transcripts' }, { clock: quickClock, signal });
    const pointer = await remote.git(bare, 'show', 'main:transcripts/a.json');
    expect(pointer).toMatch(/^version https:\/\/git-lfs/);
    const oid = /sha256:(\w+)/.exec(pointer)?.[1] ?? '';
    const stored = join(bare, 'lfs', 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);
    expect(await readFile(stored, 'utf8')).toBe('{"text":"Hello"}\n');
    expect(await remote.git(bare, 'show', 'main:transcripts/a.txt')).toBe('Hello\n');
  },
  MINUTES,
);
