import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Context } from '../../../src/context.js';
import type { UserError } from '../../../src/errors.js';
import { matcher } from '../../../src/matcher.js';
import type { TranscribeSettings } from '../../../src/settings/transcribe.js';
import { collisions, lookAlikes } from '../../../src/transcribe/select/collisions.js';
import { literalPrefix, sourceMatcher } from '../../../src/transcribe/select/globs.js';
import { transcriptPath } from '../../../src/transcribe/select/place.js';
import { select } from '../../../src/transcribe/select/select.js';
import { transcribeSettings } from '../../helpers/transcribe-settings.ts';

let workspace: string;
let elsewhere: string;
let lines: string[];
beforeEach(async () => {
  lines = [];
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

/** Without clients: files are found without a request. */
const context = {
  signal: new AbortController().signal,
  log: {
    info: (line: string) => lines.push(`info: ${line}`),
    notice: (line: string) => lines.push(`notice: ${line}`),
    warning: (line: string) => lines.push(`warning: ${line}`),
  },
} as unknown as Context;
const asked = () => Promise.reject(new Error('the endpoint was asked for'));
const noEndpoint = { endpointFolder: asked, pending: asked };
async function selected(files: string[], settings: Partial<TranscribeSettings> = {}): Promise<string[]> {
  const { found } = await select(context, transcribeSettings({ files, workspace, ...settings }), noEndpoint);
  return found.map(({ path }) => path);
}
const refusal = (files: string[], settings?: Partial<TranscribeSettings>): Promise<UserError> =>
  selected(files, settings).then(
    (paths) => Promise.reject(new Error(`found ${paths.join()}`)),
    (error: UserError) => error,
  );

describe('selection', () => {
  const nasty = [
    '-rf.mp3',
    'a b/c d.mp3',
    "it's.mp3",
    'quote".mp3',
    '$(touch x).mp3',
    '`id`;&|.mp3',
    'line\nbreak.mp3',
    'folder\nof two/line\nbreak.mp3',
    'back\\slash.mp3',
    '[brackets] {x,y} (1)*?.mp3',
    'ünï/日本語 🎙.mp3',
  ];

  test.each([['**/*.mp3'], ['**'], ['**/*'], ['./**']])('%s finds every name, whatever is in it', async (glob) => {
    await fill(...nasty);
    expect(await selected([glob])).toEqual([...nasty].sort());
  });

  test('names are matched as they are when their special characters are escaped', async () => {
    await fill(...nasty);
    expect(await selected(['\\[brackets\\] \\{x,y\\} \\(1\\)\\*\\?.mp3', 'a b/c d.mp3'])).toEqual([
      '[brackets] {x,y} (1)*?.mp3',
      'a b/c d.mp3',
    ]);
  });

  test('leaves out git’s files, packages, transcripts, options and what is excluded; nothing comes twice', async () => {
    await fill(
      '.git/a.mp3',
      'node_modules/b/c.mp3',
      'deep/node_modules/d.mp3',
      'out [1]/e.mp3',
      'raw/x/f.mp3',
      'g.mp3',
    );
    await fill('whisper.yml', 'old/whisper.yml', '.hidden/h.mp3');
    expect(await selected(['**', 'g.mp3'], { exclude: ['raw'], outputFolder: 'out [1]' })).toEqual(['g.mp3']);
    expect(await selected(['**/*.mp3', '!{raw,out*}/**'])).toEqual(['g.mp3']);
    expect(await selected(['.hidden/*'])).toEqual(['.hidden/h.mp3']);
  });

  test('transcripts that lie beside their audio are not taken for audio', async () => {
    await fill('audio/one.mp3', 'audio/one.txt', 'audio/one.podcast.json');
    const beside = { outputFolder: '.', formats: ['txt', 'podcast'] } as const;
    expect(await selected(['audio/**'], { ...beside, formats: [...beside.formats] })).toEqual(['audio/one.mp3']);
  });

  test('gives links to files, and no way into links to folders but one inside that a glob names', async () => {
    await fill('a.mp3', 'inside/b.mp3');
    await writeFile(join(elsewhere, 'secret.mp3'), 'sound');
    await symlink(elsewhere, join(workspace, 'out'));
    await symlink('inside', join(workspace, 'in'));
    await symlink(join(elsewhere, 'secret.mp3'), join(workspace, 'link.mp3'));
    await symlink('nowhere', join(workspace, 'broken.mp3'));
    expect(await selected(['**/*.mp3'])).toEqual(['a.mp3', 'broken.mp3', 'inside/b.mp3', 'link.mp3']);
    expect(await selected(['in/*.mp3'])).toEqual(['in/b.mp3']);
    expect((await refusal(['out/*.mp3'])).message).toContain('out is a link that leads out of the workspace');
  });

  test.each(['/etc/*', '../*', 'a/../../*', '!../x'])('refuses %s, which leads out of the workspace', async (glob) => {
    await expect(selected([glob])).rejects.toThrow(/lead out of the workspace/);
    await expect(selected(['*.mp3'], { exclude: [glob.replace('!', '')] })).rejects.toThrow(
      /lead out of the workspace/,
    );
  });

  test.each(['s3://Bucket/a', 's3://bucket', 's3://bucket/', 's3:///a'])(
    'refuses %s, which names no objects',
    async (glob) => {
      await expect(selected([glob])).rejects.toThrow(`behind it: ${glob}.`);
    },
  );

  test('inputs that would write the same transcript are named', async () => {
    await fill('x/a.mp3', 'x/a.wav', 'a.mp3', 'x/b.mp3');
    await expect(selected(['**/*'])).rejects.toThrow('\n- x/a.mp3 and x/a.wav');
  });

  test('names that are one on macOS and Windows are told where they are two', async () => {
    await fill('a.mp3', 'A.wav');
    expect(await selected(['*'])).toEqual(['A.wav', 'a.mp3']);
    expect(lines).toEqual([expect.stringMatching(/^warning: .*\n- A\.wav and a\.mp3$/s)]);
  });

  test('nothing to find is nothing to look for', async () => {
    expect(await selected([])).toEqual([]);
  });
});

describe('when nothing is found', () => {
  const cases: [name: string, files: string[], settings: Partial<TranscribeSettings>, remedy: RegExp][] = [
    ['a folder without /**', ['show', 'x'], {}, /^show is a folder: write show\/\*\* .* "show\/a\.mp3" and 1 more/],
    ['another case', ['show/*.MP3'], {}, /case count: there is "show\/a\.mp3"\./],
    ['exclude', ['show/*.mp3'], { exclude: ['**/*.mp3'] }, /exclude leaves out all that match: "show\/a\.mp3"/],
    [
      'the output folder',
      ['show/**'],
      { outputFolder: 'show' },
      /"show\/a\.mp3" and 1 more\. Choose another output-folder/,
    ],
    ['a hidden folder', ['**/h.wav'], {}, /begin with a dot: there is "\.hidden\/h\.wav"/],
    ['another folder', ['audio/**'], {}, /there is "show\/a\.mp3" and 1 more, which show\/\*\* takes/],
  ];
  test.each(cases)('because of %s, the remedy says so', async (_name, files, settings, remedy) => {
    await fill('show/a.mp3', 'show/b.opus', '.hidden/h.wav');
    const { message, remedy: said } = await refusal(files, settings);
    expect(message).toContain(`No file matches ${files.join(', ')}`);
    expect(message).toContain(`in ${workspace}.`);
    expect(said).toMatch(remedy);
  });

  test('because globs begin with the folder that they are relative to, the remedy says so', async () => {
    await fill('repository/show/a.mp3');
    const within = { workspace: join(workspace, 'repository/show') };
    expect((await refusal(['repository/show/*'], within)).remedy).toContain('leave out "repository/show/"');
    expect((await refusal(['show/*'], within)).remedy).toContain('leave out "show/"');
  });

  test('in an empty workspace, it asks for a checkout', async () => {
    expect((await refusal(['**'])).remedy).toMatch(/run actions\/checkout/);
  });

  test('it is a warning or a line of the log, if that is asked for', async () => {
    expect(await selected(['a'], { ifNoFilesFound: 'warn' })).toEqual([]);
    expect(await selected(['b'], { ifNoFilesFound: 'ignore' })).toEqual([]);
    expect(lines).toEqual([
      expect.stringMatching(/^warning: No file matches a in .* Run|run actions\/checkout/),
      expect.stringMatching(/^info: No file matches b in /),
    ]);
  });
});

describe('globs', () => {
  test('of objects match whole addresses, by the same rules', () => {
    const matches = matcher(['s3://bkt/rec [1]/**/*.mp3'.replace('[1]', '\\[1\\]')]);
    const keys = ['a.mp3', 'x/y/ü "z"\n.mp3', 'x//a.mp3', '.x/a.mp3', 'a.wav'];
    expect(keys.filter((key) => matches(`s3://bkt/rec [1]/${key}`))).toEqual(keys.slice(0, 3));
    expect(matches('s3://other/rec [1]/a.mp3')).toBe(false);
  });

  test('of both kinds in one input do not mix', () => {
    const matches = sourceMatcher(['**/*.mp3', '!old/**', 's3://bkt/new/**', '!s3://bkt/new/x*']);
    const paths = ['a.mp3', 'old/a.mp3', 's3://bkt/a.mp3', 's3://bkt/new/a', 's3://bkt/new/x.mp3', 'new/a'];
    expect(paths.filter(matches)).toEqual(['a.mp3', 's3://bkt/new/a']);
  });

  test.each([
    ['a/b/*.mp3', 'a/b/'],
    ['2024-0[1-3]*', '2024-0'],
    ['a\\[1\\]\\*/x{1,2}', 'a[1]*/x'],
    ['one.mp3', 'one.mp3'],
    ['@(a|b)/c', ''],
    ['line\nbreak/\\\n?', 'line\nbreak/\n'],
  ])('%s begins with %s', (glob, prefix) => {
    expect(literalPrefix(glob)).toBe(prefix);
  });
});

describe('places', () => {
  test.each([
    ['audio/ep1.mp3', 'transcripts', 'transcripts/audio/ep1.srt'],
    ['ep.1.final.mp3', 'a/b', 'a/b/ep.1.final.srt'],
    ['audio/noextension', '.', 'audio/noextension.srt'],
    ['s3://bucket/rec/ep1.mp3', 'transcripts', 'transcripts/rec/ep1.srt'],
  ])('%s in %s becomes %s', (audio, folder, path) => {
    expect(transcriptPath(audio, folder, 'srt')).toBe(path);
  });

  const all = { outputFolder: 't', formats: ['json', 'podcast'] as TranscribeSettings['formats'] };
  test('files in other folders, or with other names, do not collide', () => {
    expect(collisions(['a.mp3', 'b/a.mp3', 'a.mp3.wav', 's3://bkt/c.mp3'], all)).toEqual([]);
  });

  test('files and objects, objects of two buckets, and endings of two parts do', () => {
    const paths = ['a.mp3', 'a.podcast.mp3', 's3://x/a.mp3', 's3://x/b', 's3://y/b.wav'];
    expect(collisions(paths, { ...all, formats: ['json'] })).toEqual([
      ['a.mp3', 's3://x/a.mp3'],
      ['s3://x/b', 's3://y/b.wav'],
    ]);
    expect(collisions(['a.mp3', 'a.podcast.mp3'], all)).toEqual([['a.mp3', 'a.podcast.mp3']]);
  });

  test('names that differ in case, or in how an accent is written, look alike', () => {
    const accent = 'caf\u00e9.mp3';
    const combined = 'cafe\u0301.mp3';
    expect(lookAlikes(['A.mp3', 'a.mp3', 'b.mp3', accent, combined], all)).toEqual([
      ['A.mp3', 'a.mp3'],
      [accent, combined],
    ]);
  });
});
