import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { UserError } from '../../../src/errors.js';
import { readOptions } from '../../../src/transcribe/examine/options.js';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'workspace-')));
});
afterEach(() => rm(root, { recursive: true }));

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}
/** As the inputs' defaults have it. */
const run = { options: { word_timestamps: true as const }, speakers: [] as string[] };
const mistakes = (...paths: string[]): Promise<string> =>
  readOptions(root, run, paths).then(
    () => '',
    (error: UserError) => error.message,
  );

describe('options beside the audio', () => {
  test('hold for their folder and below: the nearest goes before outer ones, key by key, and those before the inputs', async () => {
    await put('whisper.yml', 'language: de\nprompt: Radio\n');
    await put('talks/ja/whisper.yml', 'language: ja\nvad: false\nword-timestamps: false\n');
    const of = await readOptions(root, run, ['a.mp3', 'talks/b.mp3', 'talks/ja/deep/c.mp3']);
    expect(of('a.mp3').options).toEqual({ language: 'de', prompt: 'Radio', word_timestamps: true });
    expect(of('talks/b.mp3')).toBe(of('a.mp3'));
    expect(of('talks/ja/deep/c.mp3').options).toEqual({ language: 'ja', prompt: 'Radio', vad: false });
  });

  test('can be for some files, by globs from their folder; what comes later goes first', async () => {
    await put(
      'shows/whisper.yml',
      'language: de\nfiles:\n  "**/*.mp3": {task: translate, language: fr}\n  2024/live*.mp3:\n    language:\n',
    );
    const of = await readOptions(root, run, ['shows/a.wav', 'shows/b.mp3', 'shows/2024/live\n1.mp3', 'other/b.mp3']);
    expect(of('shows/a.wav').options).toEqual({ language: 'de', word_timestamps: true });
    expect(of('shows/b.mp3').options).toEqual({ language: 'fr', task: 'translate', word_timestamps: true });
    expect(of('shows/2024/live\n1.mp3').options).toEqual({ task: 'translate', word_timestamps: true });
    expect(of('other/b.mp3').options).toEqual({ word_timestamps: true });
  });

  test('that are the container’s own defaults leave nothing: the transcript is the same', async () => {
    const given = {
      options: { language: 'de', task: 'translate', vad: false, channels: 'split' } as const,
      speakers: [],
    };
    await put('whisper.yml', 'language: ""\ntask: transcribe\nvad: true\nchannels: mix\nprompt:\nspeakers: []\n');
    expect((await readOptions(root, given, ['a.mp3']))('a.mp3')).toEqual({ options: {}, speakers: [] });
  });

  test('name the tracks where channels are split, also when only some are', async () => {
    await put('whisper.yml', 'channels: split\nspeakers:\n  - Ann\n  - "42"\nfiles:\n  mix.mp3: {channels: mix}\n');
    const of = await readOptions(root, run, ['a.mp3', 'mix.mp3']);
    expect(of('a.mp3')).toMatchObject({ options: { channels: 'split' }, speakers: ['Ann', '42'] });
    expect(of('mix.mp3').speakers).toEqual([]);
  });

  test('may be shared by aliases, and are not expanded without end', async () => {
    await put(
      'whisper.yml',
      'language: &l de\nfiles:\n  a.mp3: &o {prompt: &p Radio}\n  b.mp3: *o\n  c.mp3: {prompt: *p}\n',
    );
    const of = await readOptions(root, run, ['a.mp3', 'b.mp3', 'c.mp3']);
    expect(of('b.mp3')).toBe(of('a.mp3'));
    expect(of('c.mp3')).toBe(of('a.mp3'));
    await put('whisper.yml', 'files: &f\n  a.mp3: *f\n');
    expect(await mistakes('a.mp3')).toContain('no option "a.mp3"');
  });

  test('without any file are those of the run', async () => {
    expect((await readOptions(root, run, ['a/b.mp3']))('a/b.mp3')).toEqual({ options: run.options, speakers: [] });
  });
});

describe('mistakes', () => {
  test('are told all at once, each with its line, what was found and what it takes', async () => {
    await put('whisper.yml', 'langauge: de\ntask: translation\nvad: "off"\nchannels: [split]\nprompt: {a: 1}\n');
    await put(
      'talks/whisper.yml',
      'language: German\nbeam_size: 3\nspeakers: [Ann, [Bob]]\nfiles:\n  ../a.mp3: {}\n  b.mp3: de\n  c.mp3: {files: {}}\n',
    );
    await put('text/whisper.yml', 'just words');
    expect((await mistakes('a.mp3', 'talks/b.mp3', 'text/c.mp3')).split('\n').sort()).toEqual([
      '- talks/whisper.yml:1: language is "German"; it must be a language code of two or three letters, such as en or ja',
      '- talks/whisper.yml:2: there is no option "beam_size". There are language, multilingual, task, prompt, hotwords, word-timestamps, vad, channels, speakers, files.',
      '- talks/whisper.yml:3: speakers must be a list of names; found a list',
      expect.stringMatching(/^- talks\/whisper\.yml:5: a glob is "\.\.\/a\.mp3"; it must be of files in this folder/),
      '- talks/whisper.yml:6: b.mp3 must have a map of options',
      expect.stringMatching(/^- talks\/whisper\.yml:7: there is no option "files"/),
      expect.stringMatching(/^- text\/whisper\.yml:1: it must be a map of language, .* and files/),
      '- whisper.yml:1: there is no option "langauge". Is language meant?',
      '- whisper.yml:2: task is "translation"; it must be `transcribe` or `translate`',
      '- whisper.yml:3: vad is "off"; it must be `true` or `false`',
      '- whisper.yml:4: channels must be one value; found a list',
      '- whisper.yml:5: prompt must be one value; found a map',
      '12 mistakes in files called whisper.yml:',
    ]);
  });

  test.each([
    ['syntax', 'language: de\nvad: [true\n', /^A mistake in a whisper\.yml: whisper\.yml:\d: \S/],
    ['a key twice', 'vad: true\nvad: false\n', /whisper\.yml:2: .*unique/],
    ['an unknown tag', 'prompt: !!js/function "x"\n', /whisper\.yml:1: .*tag/i],
    ['two documents', 'vad: true\n---\nvad: false\n', /whisper\.yml:\d: .*documents/],
    [
      'speakers without tracks',
      'vad: true\nspeakers: [Ann]\n',
      /whisper\.yml:2: speakers names the tracks of `channels: split`/,
    ],
    ['very deep nesting', '['.repeat(60_000), /whisper\.yml/],
    ['too much', `prompt: ${'x'.repeat(65_536)}`, /65544 bytes, and 65536 are the most/],
  ])('%s', async (_what, content, message) => {
    await put('whisper.yml', content);
    expect(await mistakes('a.mp3')).toMatch(message);
  });

  test('of the name, and links that leave the workspace', async () => {
    await put('a/whisper.yaml', 'vad: false');
    await mkdir(join(root, 'b'));
    await symlink('/etc/hostname', join(root, 'b', 'whisper.yml'));
    expect((await mistakes('a/x.mp3', 'b/x.mp3')).split('\n').sort()).toEqual([
      '- a/whisper.yaml: it is not read; its name must be whisper.yml',
      '- b/whisper.yml: it is a link that leads out of the workspace',
      '2 mistakes in files called whisper.yml:',
    ]);
  });
});

test('the sample of docs/options.md does what the page says', async () => {
  const page = await readFile('docs/options.md', 'utf8');
  const sample = /```yaml\n(# interviews\/whisper\.yml\n[^`]*)```/.exec(page)?.[1] ?? '';
  await put('interviews/whisper.yml', sample);
  const of = await readOptions(root, run, [
    'interviews/a.mp3',
    'interviews/2024/calls/b.wav',
    'interviews/intro-en.mp3',
  ]);
  expect(of('interviews/a.mp3')).toEqual({
    options: {
      language: 'ja',
      prompt: '司会は鈴木、音楽は山田。',
      hotwords: '鈴木一郎, 霞が関',
      word_timestamps: true,
    },
    speakers: [],
  });
  expect(of('interviews/2024/calls/b.wav')).toMatchObject({
    options: { language: 'ja', channels: 'split' },
    speakers: ['Agent', 'Customer'],
  });
  expect(of('interviews/intro-en.mp3').options).toEqual({ language: 'en', word_timestamps: true });
});
