import type { FileHandle } from 'node:fs/promises';
import type { IFormat } from 'music-metadata';
import { parseFromTokenizer } from 'music-metadata';
import { HeadReader } from './head-reader.js';
import { oggSeconds } from './ogg.js';

/** What a file says of itself. Everything may be unknown, and nothing is proven: the container decodes it. */
export interface Media {
  /** Length, estimated from the bit rate where no header tells it. */
  seconds?: number;
  /** Of the first audio track. */
  channels?: number;
  audio?: boolean;
  video?: boolean;
}

/**
 * Looks at a file's headers; at most a few megabytes of it are read, whatever they say.
 * @param mime as told by the file's first bytes
 */
export async function readMedia(file: FileHandle, bytes: number, mime: string, signal: AbortSignal): Promise<Media> {
  const format = await readFormat(file, bytes, mime, signal);
  const told = format.duration ?? longestTrack(format);
  const seconds = told ?? (await oggSeconds(file, bytes, format)) ?? estimated(bytes, format);
  const { numberOfChannels: channels, hasAudio: audio, hasVideo = mime.startsWith('video/') } = format;
  return {
    ...(seconds !== undefined && isPlausible(seconds, bytes) && { seconds }),
    ...(channels !== undefined && channels > 0 && { channels }),
    ...(audio !== undefined && { audio }),
    video: hasVideo,
  };
}

/** What of it could be read, which is all of it in a file that is well. */
async function readFormat(
  file: FileHandle,
  bytes: number,
  mime: string,
  signal: AbortSignal,
): Promise<Partial<IFormat>> {
  let format: Partial<IFormat> = {};
  try {
    // Without `duration`, an MP3 without a table of contents is not read to its end.
    const { format: whole } = await parseFromTokenizer(new HeadReader(file, bytes, mime, signal), {
      skipCovers: true,
      skipPostHeaders: true,
      mkvUseIndex: true,
      observer: ({ metadata }) => {
        format = metadata.format;
      },
    });
    return whole;
  } catch {
    signal.throwIfAborted();
    return format;
  }
}

/** Of QuickTime's films, which tracks are audio is not found out. */
function longestTrack({ trackInfo = [] }: Partial<IFormat>): number | undefined {
  return Math.max(0, ...trackInfo.map(({ duration }) => duration ?? 0)) || undefined;
}

/** Codecs whose frames follow each other without a container. */
const FRAMES = /^(?:MPEG|ADTS)\b/;

const estimated = (bytes: number, { bitrate, container = '' }: Partial<IFormat>): number | undefined =>
  bitrate !== undefined && bitrate > 0 && FRAMES.test(container) ? (bytes * 8) / bitrate : undefined;

/** In bits a second; Opus has 500 at least. A header that was never finished tells of more sound than there can be. */
const THINNEST = 400;

const isPlausible = (seconds: number, bytes: number): boolean =>
  seconds > 0 && Number.isFinite(seconds) && (bytes * 8) / seconds >= THINNEST;
