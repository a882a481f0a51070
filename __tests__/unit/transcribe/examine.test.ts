import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UserError } from '../../../src/errors.js';
import { examineAll } from '../../../src/transcribe/examine/all.js';
import { examine } from '../../../src/transcribe/examine/examine.js';
import { examineObject } from '../../../src/transcribe/examine/object.js';
import { objectIdentity } from '../../../src/transcribe/select/source.js';
import { transcribeSettings } from '../../helpers/transcribe-settings.ts';

const { signal } = new AbortController();
let workspace: string;
let elsewhere: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'workspace-')));
  elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
});
afterEach(async () => {
  for (const folder of [workspace, elsewhere]) await rm(folder, { recursive: true });
});

async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(workspace, path)), { recursive: true });
  await writeFile(join(workspace, path), content);
}
const look = (path: string, extract = false) =>
  examine(workspace, path, { options: {}, speakers: [] }, extract, signal);
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

/** A WAV file of so many seconds of silence: 8 kHz, 16 bit. */
function wav(seconds: number, channels = 1): Buffer {
  const file = Buffer.alloc(44 + 16_000 * channels * seconds);
  file.write('RIFF\0\0\0\0WAVEfmt ', 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  [16, 1 | (channels << 16), 8000, 16_000 * channels, (2 * channels) | (16 << 16)].forEach((word, index) => {
    file.writeUInt32LE(word, 16 + 4 * index);
  });
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(file.length - 44, 40);
  return file;
}

const pointer = (content: string | Buffer, size = content.length) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${size}\n`;

describe('a file', () => {
  test('is known by its SHA-256; its header tells its length', async () => {
    await put('-a\n.wav', wav(3));
    expect(await look('-a\n.wav')).toMatchObject({
      audio: {
        path: '-a\n.wav',
        bytes: 48_044,
        identity: sha256(wav(3)),
        content: { kind: 'file', path: join(workspace, '-a\n.wav'), extract: false },
        contentType: 'audio/wav',
        seconds: 3,
      },
    });
  });

  test('that Git LFS has not fetched is known by the same hash as the fetched one', async () => {
    await put('a.wav', wav(1));
    await put('b.wav', pointer(wav(1)));
    const [fetched, missing] = [await look('a.wav'), await look('b.wav')];
    if ('reason' in fetched || 'reason' in missing) throw new Error('refused');
    expect(missing.audio).toMatchObject({ identity: fetched.audio.identity, bytes: fetched.audio.bytes });
    expect(missing.audio.content).toEqual({ kind: 'pointer' });
  });

  const whole = pointer('x');
  test.each([
    ['a short oid', whole.replace(/(sha256:.{10}).*/, '$1')],
    ['another hash', whole.replace('sha256', 'sha512')],
    ['no size', whole.replace(/size.*\n/, '')],
    ['a size that is no number', whole.replace('size 1', 'size 0x1')],
    ['lines in another order', whole.replace(/(oid.*\n)(size.*\n)/, '$2$1')],
    ['the line ends of Windows', whole.replaceAll('\n', '\r\n')],
    ['more behind it', `${whole}more\n`],
    [
      'an extension, whose oid is not that of the audio',
      whole.replace('oid', `ext-0-crypt sha256:${sha256('y')}\noid`),
    ],
    ['more than a pointer may have', whole.replace('size 1', `size ${'1'.repeat(1024)}`)],
  ])('that begins as a pointer and has %s is refused', async (_what, content) => {
    await put('broken.mp3', content);
    expect(await look('broken.mp3')).toMatchObject({ reason: expect.stringMatching(/LFS pointer.*lfs: true/) });
  });

  test.each<[string, string | Buffer, string]>([
    ['empty.mp3', '', 'It is empty.'],
    ['pointer-to-nothing.mp3', pointer(''), 'It is empty.'],
    ['README.md', '# Größe\n', 'It is text, not audio.'],
    ['cut.md', Buffer.from('ü'.repeat(3000)).subarray(0, 4101), 'It is text, not audio.'],
    ['download.mp3', '\n<!DOCTYPE html><html>404</html>', 'It is an HTML page, not audio.'],
    ['cover.jpg', Buffer.from('ffd8ffe000104a46494600010100', 'hex'), 'It is image/jpeg, not audio.'],
    ['talk.pdf', '%PDF-1.7\n%\xff\xff', 'It is application/pdf, not audio.'],
    ['all.zip', Buffer.from('504b0304140000000800', 'hex'), 'It is application/zip, not audio.'],
  ])('%s is refused', async (path, content, reason) => {
    await put(path, content);
    expect(await look(path)).toEqual({ path, reason });
  });

  test('of an unknown kind is sent: the container says what it is', async () => {
    await put('raw.gsm', Buffer.from('d2abf1\0\x01\x02\xff', 'latin1'));
    expect(await look('raw.gsm')).toMatchObject({ audio: { bytes: 10 }, media: {} });
  });

  test('of more than 1 GB is refused without being read, with the command for it, but not when ffmpeg may help', async () => {
    await put("it's.wav", wav(1));
    await truncate(join(workspace, "it's.wav"), 1024 ** 3 + 1);
    await put('far.wav', pointer('x', 5_000_000_000));
    expect(await look("it's.wav")).toMatchObject({
      reason: expect.stringMatching(
        /1\.1 GB.*extract-audio: true.*ffmpeg -i 'file:it'\\''s\.wav'.*'file:it'\\''s\.opus'$/,
      ),
    });
    expect(await look('far.wav')).toMatchObject({ reason: expect.stringContaining('5.0 GB') });
    expect(await look('far.wav', true)).toMatchObject({ audio: { content: { kind: 'pointer' } } });
  });

  test('that is a link is read inside the workspace only', async () => {
    await put('a.wav', wav(1));
    await writeFile(join(elsewhere, 'secret'), 'password');
    await symlink('a.wav', join(workspace, 'inside.wav'));
    await symlink(join(elsewhere, 'secret'), join(workspace, 'outside.mp3'));
    await symlink(elsewhere, join(workspace, 'folder'));
    await symlink('loop.mp3', join(workspace, 'loop.mp3'));
    expect(await look('inside.wav')).toMatchObject({ audio: { seconds: 1 } });
    for (const path of ['outside.mp3', 'folder/secret']) {
      expect(await look(path)).toMatchObject({ reason: 'It is a link that leads out of the workspace.' });
    }
    expect(await look('loop.mp3')).toMatchObject({ reason: expect.stringContaining('ELOOP') });
  });

  test('that is gone, or is none, is refused with what is there; a pipe is not waited for', async () => {
    await put('folder.mp3/a', '');
    execFileSync('mkfifo', [join(workspace, 'pipe.mp3')]);
    expect(await look('gone.mp3')).toMatchObject({ reason: expect.stringContaining('ENOENT') });
    for (const path of ['folder.mp3', 'pipe.mp3']) {
      expect(await look(path)).toMatchObject({ reason: expect.stringContaining('no file') });
    }
  });
});

const object = (bytes: number) => ({
  kind: 'object' as const,
  path: 's3://talks/a/b.mp3',
  bucket: 'talks',
  key: 'a/b.mp3',
  etag: '"abc"',
  bytes,
});

describe('an object', () => {
  test('is used in place, with the options of the run', () => {
    expect(examineObject(object(7), { options: { language: 'de' }, speakers: ['Ann'] })).toEqual({
      path: 's3://talks/a/b.mp3',
      bytes: 7,
      identity: objectIdentity(object(7)),
      content: { kind: 'object', bucket: 'talks', key: 'a/b.mp3', etag: '"abc"' },
      contentType: 'audio/mpeg',
      options: { language: 'de' },
      speakers: ['Ann'],
    });
  });

  test.each([
    [0, 'It is empty.'],
    [1024 ** 3 + 1, '1.1 GB'],
  ])('of %d bytes is refused', (bytes, reason) => {
    expect(examineObject(object(bytes), transcribeSettings())).toMatchObject({
      reason: expect.stringContaining(reason),
    });
  });
});

describe('all that was selected', () => {
  async function look(paths: string[], { options = {}, check = (_: object) => {} } = {}) {
    const lines: string[] = [];
    const refused: string[] = [];
    const log = {
      info: (line: string) => void lines.push(line),
      warning: (line: string, file?: string) => void lines.push(`${file}: ${line}`),
    } as Parameters<typeof examineAll>[0]['log'];
    const settings = transcribeSettings({ workspace, options });
    const sources = [...paths.map((path) => ({ kind: 'file' as const, path })), object(3)];
    const audio = await examineAll({ log, signal }, settings, sources, check, (path) => void refused.push(path));
    return { audio, refused, lines };
  }

  test('comes back in its order, without what is refused', async () => {
    await put('b.wav', wav(1));
    await put('a.wav', wav(2));
    await put('c.txt', 'text');
    const { audio, refused } = await look(['b.wav', 'c.txt', 'a.wav']);
    expect(audio.map(({ path }) => path)).toEqual(['b.wav', 'a.wav', 's3://talks/a/b.mp3']);
    expect(refused).toEqual(['c.txt']);
  });

  test('is warned of when there is but one channel to split', async () => {
    await put('mono.wav', wav(1));
    await put('stereo.wav', wav(1, 2));
    const { lines } = await look(['mono.wav', 'stereo.wav'], { options: { channels: 'split' } });
    expect(lines).toEqual([expect.stringMatching(/^mono\.wav: .*one channel/)]);
  });

  test('has its options checked, not once for each file, before a file is read, and the file is named', async () => {
    await put('x/a.wav', wav(1));
    await put('x/b.wav', wav(2));
    await put('c.wav', wav(1));
    await put('x/whisper.yml', 'language: de');
    const checked: object[] = [];
    await look(['c.wav', 'x/a.wav', 'x/b.wav'], { check: (options) => void checked.push(options) });
    // The last are the run's own, for the object.
    expect(checked).toEqual([{}, { language: 'de' }, {}]);
    const check = ({ language }: { language?: string }) => {
      if (language === 'de') throw new UserError('The model knows English only.', 'Deploy another.');
    };
    await expect(look(['c.wav', 'gone.wav', 'x/b.wav'], { check })).rejects.toThrow('x/b.wav: The model knows English');
  });
});
