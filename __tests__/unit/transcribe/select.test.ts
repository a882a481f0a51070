import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { examine } from '../../../src/transcribe/examine/examine.js';
import { collisions, transcriptPath } from '../../../src/transcribe/select/place.js';
import { selectFiles } from '../../../src/transcribe/select/select.js';

let workspace: string;
let elsewhere: string;
beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
  elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
});
afterEach(async () => {
  for (const folder of [workspace, elsewhere]) await rm(folder, { recursive: true });
});

async function fill(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(workspace, path, '..'), { recursive: true });
    await writeFile(join(workspace, path), 'sound');
  }
}
const look = (path: string) => examine(workspace, path, {}, new AbortController().signal);
const select = (files: string[], exclude: string[] = [], outputFolder = 'transcripts') =>
  selectFiles({ files, exclude, outputFolder, formats: ['txt', 'json'], workspace });

test('transcripts that lie beside their audio are not taken for audio', async () => {
  await fill('audio/one.mp3', 'audio/one.txt', 'audio/one.json');
  expect(await select(['audio/**'], [], '.')).toEqual(['audio/one.mp3']);
});

describe('selection', () => {
  const nasty = [
    '-rf.mp3',
    'a b/c d.mp3',
    "it's.mp3",
    'quote".mp3',
    '$(touch x).mp3',
    '`id`;&|.mp3',
    'line\nbreak.mp3',
    'back\\slash.mp3',
    '[brackets] {x,y} (1)*?.mp3',
    'ünï/日本語 🎙.mp3',
  ];

  test.each([['**/*.mp3'], ['**']])('%s finds every name, whatever is in it', async (glob) => {
    await fill(...nasty);
    expect(await select([glob])).toEqual([...nasty].sort());
  });

  test('names are matched as they are when their special characters are escaped', async () => {
    await fill(...nasty);
    expect(await select(['\\[brackets\\] \\{x,y\\} \\(1\\)\\*\\?.mp3'])).toEqual(['[brackets] {x,y} (1)*?.mp3']);
  });

  test('leaves out git’s files, packages, the transcripts and what is excluded; nothing comes twice', async () => {
    await fill('.git/a.mp3', 'node_modules/b/c.mp3', 'deep/node_modules/d.mp3', 'out [1]/e.mp3', 'raw/f.mp3', 'g.mp3');
    expect(await select(['**/*.mp3', 'g.mp3'], ['raw/**'], 'out [1]')).toEqual(['g.mp3']);
    expect(await select(['g.mp3', '!raw/**'], [], '.')).toEqual(['g.mp3']);
  });

  test('does not follow links to folders', async () => {
    await fill('a.mp3');
    await writeFile(join(elsewhere, 'secret.mp3'), 'sound');
    await symlink(elsewhere, join(workspace, 'link'));
    expect(await select(['**/*.mp3'])).toEqual(['a.mp3']);
    // A glob that names the link itself reaches its files; they are refused when they are looked at.
    const [path = ''] = await select(['link/*.mp3']);
    expect(await look(path)).toEqual({
      path: 'link/secret.mp3',
      reason: expect.stringContaining('out of the workspace'),
    });
  });

  test.each(['/etc/*', '../*', 'a/../../*', '!../x'])('refuses %s, which leads out of the workspace', async (glob) => {
    await expect(select([glob])).rejects.toThrow(/lead out of the workspace/);
    await expect(select(['*.mp3'], [glob])).rejects.toThrow(/lead out of the workspace/);
  });

  test('says which globs found nothing, and where', async () => {
    await fill('a.wav');
    await expect(select(['*.mp3', 'audio'], ['b'])).rejects.toThrow(
      `No file matches *.mp3, audio, leaving out b in ${workspace}.`,
    );
  });

  test('two files that would write the same transcript are named', async () => {
    await fill('x/a.mp3', 'x/a.wav', 'a.mp3', 'x/b.mp3');
    await expect(select(['**/*'])).rejects.toThrow('\n- x/a.mp3 and x/a.wav');
  });
});

describe('places', () => {
  test.each([
    ['audio/ep1.mp3', 'transcripts', 'transcripts/audio/ep1.srt'],
    ['ep.1.final.mp3', 'a/b', 'a/b/ep.1.final.srt'],
    ['audio/noextension', '.', 'audio/noextension.srt'],
  ])('%s in %s becomes %s', (audio, folder, path) => {
    expect(transcriptPath(audio, folder, 'srt')).toBe(path);
  });

  test('files in other folders, or with other names, do not collide', () => {
    expect(collisions(['a.mp3', 'b/a.mp3', 'a.mp3.wav'], 't')).toEqual([]);
  });
});

describe('a file', () => {
  test('is known by the SHA-256 of its content', async () => {
    await fill('-a\n.mp3');
    expect(await look('-a\n.mp3')).toEqual({
      path: '-a\n.mp3',
      bytes: 5,
      identity: 'dd29442deca69f52c50006b831cb216edf78a7da33748f0a80ff19f2ebe57ecd',
    });
  });

  test.each([
    ['empty.mp3', '', /is empty/],
    ['pointer.mp3', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', /lfs: true/],
  ])('%s is refused', async (path, content, reason) => {
    await writeFile(join(workspace, path), content);
    expect(await look(path)).toEqual({ path, reason: expect.stringMatching(reason) });
  });

  test('of more than 1 GB is refused without being read', async () => {
    await fill('long.wav');
    await truncate(join(workspace, 'long.wav'), 1024 ** 3 + 1);
    expect(await look('long.wav')).toMatchObject({ reason: expect.stringContaining('1.1 GB') });
  });

  test('that is a link is read inside the workspace only', async () => {
    await fill('a.mp3');
    await writeFile(join(elsewhere, 'secret'), 'password');
    await symlink('a.mp3', join(workspace, 'inside.mp3'));
    await symlink(join(elsewhere, 'secret'), join(workspace, 'outside.mp3'));
    expect(await look('inside.mp3')).toMatchObject({ bytes: 5 });
    expect(await look('outside.mp3')).toMatchObject({ reason: expect.stringContaining('out of the workspace') });
  });

  test('that is gone is refused, with what the system said', async () => {
    expect(await look('gone.mp3')).toMatchObject({ reason: expect.stringContaining('ENOENT') });
  });
});
