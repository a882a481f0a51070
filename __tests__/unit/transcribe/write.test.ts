import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeFileWithin } from '../../../src/transcribe/publish/write.js';

let workspace: string;
let elsewhere: string;
beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
  elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
});
afterEach(async () => {
  for (const folder of [workspace, elsewhere]) await rm(folder, { recursive: true });
});

test('a file is written with its folders, and nothing beside it', async () => {
  await writeFileWithin(workspace, 'a/b/-c\n.txt', 'text');
  expect(await readFile(join(workspace, 'a/b/-c\n.txt'), 'utf8')).toBe('text');
  expect(await readdir(join(workspace, 'a/b'))).toEqual(['-c\n.txt']);
});

test('many files at once make the same folders', async () => {
  for (let round = 0; round < 50; round++) {
    const paths = Array.from({ length: 20 }, (_, n) => `${round}/deep/${n}.txt`);
    await Promise.all(
      paths.map(async (path, turns) => {
        // Each begins a little later, so that some look while others make the folder.
        for (let turn = 0; turn < turns; turn++) await setImmediate();
        await writeFileWithin(workspace, path, 'text');
      }),
    );
    expect((await readdir(join(workspace, `${round}/deep`))).length).toBe(20);
  }
});

test('a file that has this content is left alone; another content replaces it', async () => {
  await writeFileWithin(workspace, 'a.txt', 'text');
  const before = await stat(join(workspace, 'a.txt'));
  await writeFileWithin(workspace, 'a.txt', 'text');
  expect((await stat(join(workspace, 'a.txt'))).ino).toBe(before.ino);
  await writeFileWithin(workspace, 'a.txt', 'more');
  expect(await readFile(join(workspace, 'a.txt'), 'utf8')).toBe('more');
});

test('a link out of the workspace is not followed, at any depth', async () => {
  await mkdir(join(workspace, 'real'));
  await symlink(elsewhere, join(workspace, 'link'));
  await symlink(elsewhere, join(workspace, 'real', 'link'));
  await symlink(join(elsewhere, 'nothing'), join(workspace, 'dangling'));
  for (const path of ['link/a.txt', 'link/b/c/a.txt', 'real/link/a.txt', 'dangling/a.txt']) {
    await expect(writeFileWithin(workspace, path, 'text')).rejects.toThrow(/is a link that leads/);
  }
  await writeFile(join(elsewhere, 'target'), 'mine');
  await symlink(join(elsewhere, 'target'), join(workspace, 'a.txt'));
  await expect(writeFileWithin(workspace, 'a.txt', 'text')).rejects.toThrow(/a\.txt is a link/);
  expect(await readdir(elsewhere)).toEqual(['target']);
  expect(await readFile(join(elsewhere, 'target'), 'utf8')).toBe('mine');
});

test('a link that stays in the workspace is a folder like any other', async () => {
  await mkdir(join(workspace, 'real'));
  await symlink('real', join(workspace, 'link'));
  await writeFileWithin(workspace, 'link/a.txt', 'text');
  expect(await readFile(join(workspace, 'real/a.txt'), 'utf8')).toBe('text');
});

test('a failed write leaves nothing behind', async () => {
  await mkdir(join(workspace, 'a.txt'));
  await expect(writeFileWithin(workspace, 'a.txt', 'text')).rejects.toThrow();
  expect(await readdir(workspace)).toEqual(['a.txt']);
});
