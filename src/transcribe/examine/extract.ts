import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildResult, runChild } from '../../child.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { shown } from '../../shown.js';
import type { Audio } from '../audio.js';
import { MOST_BYTES } from './limits.js';

/** Only formats that are one file: others (playlists) make ffmpeg open what they name. As in container/pipeline/audio.py. */
const FORMATS =
  'aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mp3,mpeg,mpegts,ogg,w64,wav,wv';

/**
 * Calls `use` with the file that is uploaded for an audio: itself, or the audio that ffmpeg took out of it, which is
 * removed afterwards whatever happens.
 * @throws UserError when there is no ffmpeg, or it finds no audio
 */
export async function withUploadable<T>(
  { log, signal }: Pick<Context, 'log' | 'signal'>,
  { path, content, options }: Pick<Audio, 'path' | 'content' | 'options'>,
  use: (file: string) => Promise<T>,
): Promise<T> {
  if (content.kind !== 'file') throw new Error(`${path} is no file that can be uploaded.`);
  if (!content.extract) return use(content.path);
  // The runner empties its own folder before and after each job: what a kill leaves goes as well.
  const folder = await mkdtemp(join(process.env['RUNNER_TEMP'] || tmpdir(), 'extracted-'));
  try {
    const progress = (line: string) => log.info(`${shown(path)}: ${line}`);
    const keepChannels = options.channels === 'split';
    const work = { file: content.path, folder, keepChannels, mostBytes: MOST_BYTES, progress };
    return await use(await extractAudio(work, signal));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Extraction {
  /** Absolute path. */
  file: string;
  /** Where the audio goes. */
  folder: string;
  /** Else what is encoded anew has one. */
  keepChannels: boolean;
  /** The audio is smaller than this. */
  mostBytes: number;
  progress: (line: string) => void;
}

/**
 * Takes the first audio track out of a file: as it is, or as Opus (where ffmpeg was built without it, FLAC) when it
 * cannot be copied or would still be too large.
 * @returns path of the audio
 * @throws UserError when there is no ffmpeg, or it finds no audio
 */
export async function extractAudio(work: Extraction, signal: AbortSignal): Promise<string> {
  const { folder, keepChannels, mostBytes, progress } = work;
  const speech = ['-ar', '16000', ...(keepChannels ? [] : ['-ac', '1'])];
  // Of several channels libopus chooses the rate by their number.
  const rate = keepChannels ? [] : ['-b:a', '32k'];
  const ways = [
    // Matroska holds nearly every codec.
    { what: 'copied', name: 'audio.mka', codec: ['-c:a', 'copy'] },
    { what: 'encoded', name: 'audio.opus', codec: ['-c:a', 'libopus', ...rate, ...speech] },
    { what: 'encoded', name: 'audio.flac', codec: ['-c:a', 'flac', '-sample_fmt', 's16', ...speech] },
  ];
  let problem = '';
  for (const { what, name, codec } of ways) {
    const target = join(folder, name);
    const { code, output } = await ffmpeg(work, target, codec, signal);
    const { size } = code === 0 ? await stat(target) : { size: 0 };
    if (size > 0 && size < mostBytes) {
      progress(`its audio was ${what}, ${(size / 1e6).toFixed(1)} MB.`);
      return target;
    }
    problem = size > 0 ? 'the audio alone is larger than 1 GB' : lastLine(output);
    await rm(target, { force: true });
  }
  throw new UserError(`ffmpeg could not take the audio out of it: ${problem}.`, 'Look at the file with ffprobe.');
}

async function ffmpeg(
  { file, mostBytes, progress }: Extraction,
  target: string,
  codec: readonly string[],
  signal: AbortSignal,
): Promise<ChildResult> {
  const args = [
    ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'error', '-progress', 'pipe:1', '-y'],
    // With its protocol said, a name that looks like an option or an address is neither.
    ...['-protocol_whitelist', 'file', '-format_whitelist', FORMATS, '-i', `file:${file}`],
    ...['-map', '0:a:0?', '-vn', '-sn', '-dn', '-map_metadata', '-1', ...codec],
    // It ends there, a little above: the disk need not hold what cannot be sent.
    ...['-fs', `${mostBytes}`, `file:${target}`],
  ];
  try {
    return await runChild('ffmpeg', args, { environment: process.env, signal, onLine: everyHalfHour(progress) });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EACCES') throw error;
    throw new UserError(
      'There is no ffmpeg here, which `extract-audio: true` needs.',
      'Install it in a step before this one: `sudo apt-get install --yes ffmpeg` on Ubuntu, `brew install ffmpeg` on macOS, `choco install ffmpeg` on Windows.',
      { cause: error },
    );
  }
}

const HALF_HOUR = 1800;

/** Of ffmpeg's progress reports, two a second, one for each half hour of audio. */
function everyHalfHour(progress: (line: string) => void): (line: string) => void {
  let next = HALF_HOUR;
  return (line) => {
    const microseconds = Number(/^out_time_us=(\d+)$/.exec(line)?.[1] ?? 0);
    if (microseconds / 1e6 < next) return;
    progress(`ffmpeg has read ${(next / 3600).toFixed(1)} hours of it.`);
    next = (Math.floor(microseconds / 1e6 / HALF_HOUR) + 1) * HALF_HOUR;
  };
}

/** ffmpeg's last word, without the lines of its progress. */
function lastLine(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !/^[a-z_0-9]+=\s*\S*$/.test(line));
  return lines.at(-1)?.trim() ?? 'it said nothing';
}
