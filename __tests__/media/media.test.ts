import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdtemp, open, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UserError } from '../../src/errors.js';
import type { Audio } from '../../src/transcribe/audio.js';
import { examine } from '../../src/transcribe/examine/examine.js';
import { type Extraction, extractAudio, withUploadable } from '../../src/transcribe/examine/extract.js';
import { adviceFor, extractionCommand } from '../../src/transcribe/examine/extraction-command.js';
import { kindOf } from '../../src/transcribe/examine/kind.js';
import { MOST_BYTES } from '../../src/transcribe/examine/limits.js';
import { readMedia } from '../../src/transcribe/examine/media.js';

const MINUTES = 60_000;
const run = promisify(execFile);
const { signal } = new AbortController();
let folder: string;

/** Twelve seconds of a tone (stereo where two channels are asked for), with a picture where the format has one. */
const SECONDS = 12;
const AUDIO = ['-map', '0:a'];
const VIDEO = ['-map', '0:a', '-map', '1:v', '-c:v', 'mpeg4'];
const made: Record<string, string[]> = {
  'constant.mp3': [...AUDIO, '-b:a', '64k', '-write_xing', '0'],
  'variable.mp3': [...AUDIO, '-q:a', '5', '-metadata', 'title=Tagged'],
  'no-table.mp3': [...AUDIO, '-q:a', '5', '-write_xing', '0'],
  'stereo.wav': [...AUDIO, '-ac', '2'],
  'tone.aac': AUDIO,
  'tone.flac': AUDIO,
  'tone.ogg': [...AUDIO, '-c:a', 'libvorbis'],
  'tone.opus': AUDIO,
  'tone.aiff': AUDIO,
  'tone.wma': AUDIO,
  'tone.mka': [...AUDIO, '-c:a', 'libopus'],
  'index-last.m4a': AUDIO,
  'index-first.m4a': [...AUDIO, '-movflags', 'faststart'],
  'film.mp4': [...VIDEO, '-c:a', 'aac'],
  'pieces.mp4': [...VIDEO, '-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov'],
  'film.mkv': [...VIDEO, '-c:a', 'libopus'],
  'film.avi': [...VIDEO, '-c:a', 'mp3'],
  'old.mov': [...VIDEO, '-c:a', 'adpcm_ima_qt', '-ac', '2'],
  'silent.mp4': ['-map', '1:v', '-c:v', 'mpeg4'],
};

const ffmpeg = (...args: string[]) => run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args]);

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'media-')));
  const sources = ['-f', 'lavfi', '-i', `sine=d=${SECONDS}`, '-f', 'lavfi', '-i', `testsrc=d=${SECONDS}:s=64x36:r=5`];
  // One process for all: the sources are made once.
  const outputs = Object.entries(made).flatMap(([name, args]) => [...args, '-t', `${SECONDS}`, join(folder, name)]);
  await ffmpeg(...sources, ...outputs);
}, 2 * MINUTES);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function look(path: string) {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const head = Buffer.alloc(4100);
  await file.read(head, 0, head.length, 0);
  return await readMedia(file, size, (await kindOf(head)).mime, signal);
}

describe('headers', () => {
  test('tell length, channels and whether there is a picture', async () => {
    const found = Object.fromEntries(
      await Promise.all(Object.keys(made).map(async (name) => [name, await look(join(folder, name))] as const)),
    );
    // Digits after the point: 0 is half a second, -1 five.
    const heard = (channels: number, digits = 0) => ({
      seconds: expect.closeTo(SECONDS, digits),
      channels,
      audio: true,
      video: false,
    });
    const film = { ...heard(1), video: true };
    expect(found).toEqual({
      'constant.mp3': heard(1),
      'variable.mp3': heard(1),
      // Without a table of its frames the length is estimated from the first.
      'no-table.mp3': heard(1, -1),
      'tone.aac': heard(1, -1),
      'stereo.wav': heard(2),
      'tone.flac': heard(1),
      'tone.ogg': heard(1),
      'tone.opus': heard(1),
      'tone.aiff': heard(1),
      'tone.wma': heard(1),
      'tone.mka': heard(1),
      // ffmpeg writes two into every MP4: the codec knows better, but no header does.
      'index-last.m4a': heard(2),
      'index-first.m4a': heard(2),
      'film.mp4': { ...film, channels: 2 },
      'pieces.mp4': { ...film, channels: 2 },
      'film.mkv': film,
      'film.avi': { video: true },
      'old.mov': { seconds: expect.closeTo(SECONDS, 0), audio: true, video: true },
      'silent.mp4': { seconds: SECONDS, audio: false, video: true },
    });
  });

  test(
    'that were changed at random neither throw, nor hang, nor make a long file',
    async () => {
      let seed = 7;
      const random = (below: number) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        return Math.floor((seed / 2 ** 31) * below);
      };
      const path = join(folder, 'changed');
      for (const name of ['variable.mp3', 'stereo.wav', 'tone.ogg', 'tone.flac', 'index-first.m4a', 'film.mkv']) {
        const whole = await readFile(join(folder, name));
        for (let round = 0; round < 200; round += 1) {
          const bytes = Buffer.from(whole.subarray(0, round % 5 === 0 ? random(whole.length) : 100_000));
          for (let change = 0; change <= random(12); change += 1) {
            const at = random(Math.min(bytes.length, round % 2 === 0 ? 64 : 4096));
            bytes.fill([random(256), 0xff, 0][random(3)] ?? 0, at, Math.min(bytes.length, at + 1 + random(8)));
          }
          await writeFile(path, bytes);
          const { seconds = 0 } = await look(path);
          expect(seconds).toBeLessThan(bytes.length);
        }
      }
    },
    2 * MINUTES,
  );
});

const examined = async (name: string, extract: boolean): Promise<Audio> => {
  const file = await examine(folder, name, { options: {}, speakers: [] }, extract, signal);
  if ('reason' in file) throw new Error(file.reason);
  return file.audio;
};

describe('a video', () => {
  test('is sent whole, or as its audio alone: it is known by the same hash, so that nothing is paid for twice', async () => {
    const whole = await examined('film.mp4', false);
    const sha256 = createHash('sha256')
      .update(await readFile(join(folder, 'film.mp4')))
      .digest('hex');
    expect(whole).toMatchObject({ identity: sha256, content: { extract: false }, contentType: 'video/mp4' });
    expect(adviceFor(whole)).toContain('ffmpeg -i file:film.mp4');
    expect(await examined('film.mp4', true)).toMatchObject({
      identity: sha256,
      content: { extract: true },
      contentType: 'application/octet-stream',
    });
    expect(await examined('tone.mka', true)).toMatchObject({ content: { extract: false } });
  });

  test('without sound is refused', async () => {
    await expect(examined('silent.mp4', false)).rejects.toThrow('It is a video without sound.');
  });
});

describe('extracted audio', () => {
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line) } as Parameters<typeof withUploadable>[0]['log'];
  const work = async (name: string, more: Partial<Extraction> = {}): Promise<Extraction> => ({
    file: join(folder, name),
    folder: await mkdtemp(join(folder, 'out-')),
    keepChannels: false,
    mostBytes: MOST_BYTES,
    progress: (line) => void lines.push(line),
    ...more,
  });

  test('is copied where it can be, whatever the file is called, and is gone when it was used', async () => {
    const names = ['-i.mp4', 'concat:a|b.mp4', "it's $(id) `id`\n%d.mp4", 'http://x?&.mp4'.replaceAll('/', '')];
    for (const name of names) {
      await writeFile(join(folder, name), await readFile(join(folder, 'film.mp4')));
      const used = await withUploadable({ log, signal }, await examined(name, true), async (file) => {
        expect(await look(file)).toMatchObject({ seconds: expect.closeTo(SECONDS, 0), audio: true, video: false });
        return file;
      });
      await expect(readFile(used)).rejects.toThrow('ENOENT');
    }
    expect(lines.filter((line) => /its audio was copied, 0\.\d MB/.test(line)).length).toBe(names.length);
  });

  test('is gone when its use failed, too', async () => {
    let used = '';
    const failing = withUploadable({ log, signal }, await examined('film.mkv', true), async (file) => {
      used = file;
      throw new Error('no network');
    });
    await expect(failing).rejects.toThrow('no network');
    await expect(readFile(used)).rejects.toThrow('ENOENT');
  });

  test.each([
    ['a codec that fits no other container', 'old.mov', {}, 1],
    ['more than can be sent', 'stereo.wav', { mostBytes: 200_000, keepChannels: true }, 2],
  ])('is encoded for speech: %s', async (_why, name, more, channels) => {
    const file = await extractAudio(await work(name, more), signal);
    expect(file).toMatch(/\.opus$/);
    expect(await look(file)).toMatchObject({ seconds: expect.closeTo(SECONDS, 0), channels });
  });

  test('that would still be too large, and a file without any, end with what to do; nothing is left', async () => {
    const long = await work('stereo.wav', { mostBytes: 2000 });
    await expect(extractAudio(long, signal)).rejects.toThrow('larger than 1 GB');
    const none = await work('silent.mp4');
    await expect(extractAudio(none, signal)).rejects.toThrow(/could not take the audio out of it: .*stream/);
    expect([...(await readdir(long.folder)), ...(await readdir(none.folder))]).toEqual([]);
  });

  test('is never what a playlist in a video’s clothes points at', async () => {
    await writeFile(join(folder, 'list.mp4'), "ffconcat version 1.0\nfile 'stereo.wav'\n");
    await expect(extractAudio(await work('list.mp4'), signal)).rejects.toThrow(UserError);
  });

  test('needs ffmpeg, and says how to get it', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = join(folder, 'nothing');
    try {
      await expect(extractAudio(await work('film.mp4'), signal)).rejects.toMatchObject({
        message: expect.stringContaining('There is no ffmpeg here'),
        remedy: expect.stringContaining('apt-get install'),
      });
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  test('ends with the run: ffmpeg is stopped, and nothing is left', async () => {
    const pipe = join(folder, 'endless.mp4');
    await run('mkfifo', [pipe]);
    const home = await mkdtemp(join(folder, 'temp-'));
    const { RUNNER_TEMP } = process.env;
    process.env['RUNNER_TEMP'] = home;
    const interrupt = new AbortController();
    const content = { kind: 'file', path: pipe, extract: true } as const;
    const extraction = withUploadable({ log, signal: interrupt.signal }, { path: 'e', content, options: {} }, (file) =>
      readFile(file),
    );
    // Opens once somebody reads: ffmpeg.
    await using _ = await open(pipe, 'w');
    interrupt.abort(new Error('stopped'));
    await expect(extraction).rejects.toThrow('stopped');
    process.env['RUNNER_TEMP'] = RUNNER_TEMP ?? '';
    expect(await readdir(home)).toEqual([]);
    // Nobody reads any more.
    await expect(open(pipe, constants.O_WRONLY | constants.O_NONBLOCK)).rejects.toThrow('ENXIO');
  });
});

test('the command that is printed for a person works for every name, in a shell, in one line', async () => {
  const home = await mkdtemp(join(folder, 'home-'));
  const names = ['plain.mp4', "it's $(touch owned) `touch owned`.mp4", '-y.mp4', 'new\nline\\t.mp4', 'http:x "y".mp4'];
  for (const name of names) {
    await writeFile(join(home, name), await readFile(join(folder, 'film.mp4')));
    const command = extractionCommand(name);
    expect(command).not.toMatch(/[\n\p{Cc}]/u);
    await run('bash', ['-c', `${command} 2>&1`], { cwd: home });
  }
  expect((await readdir(home)).sort()).toEqual([...names, ...names.map((name) => name.replace(/mp4$/, 'opus'))].sort());
});
