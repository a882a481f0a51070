import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { readLfsPointer } from '../../git/lfs.js';
import type { Audio, Refusal } from '../audio.js';
import { contentType } from './content-type.js';
import { extractionCommand } from './extraction-command.js';
import { type OpenFile, openInside } from './inside.js';
import { HEAD_BYTES, kindOf } from './kind.js';
import { MOST_BYTES, tooLarge } from './limits.js';
import type { Media } from './media.js';
import type { FileOptions } from './options.js';

/** A file that can be sent, once it is there, and what it says of itself. */
export interface Examined {
  audio: Audio;
  media: Media;
}

/**
 * Reads a file's first bytes, its headers, and then once, in parts, all of it for its hash. Never throws for what is
 * wrong with the file.
 * @param root absolute path of the workspace, itself without links
 * @param extract whether ffmpeg may take the audio out of what has video or is too large
 */
export async function examine(
  root: string,
  path: string,
  given: FileOptions,
  extract: boolean,
  signal: AbortSignal,
): Promise<Examined | Refusal> {
  try {
    const opened = await openInside(root, path);
    if (opened === undefined) return { path, reason: 'It is a link that leads out of the workspace.' };
    await using _ = opened.file;
    const found = await examineOpen(opened, path, extract, signal);
    if ('reason' in found) return { path, ...found };
    const { media, ...known } = found;
    return { media, audio: { path, contentType: contentType(path), ...known, ...given } };
  } catch (error) {
    signal.throwIfAborted();
    return { path, reason: `It cannot be read: ${(error as Error).message}` };
  }
}

type Found = Pick<Audio, 'bytes' | 'identity' | 'content' | 'seconds' | 'video'> & {
  contentType?: string;
  media: Media;
};

async function examineOpen(
  { file, path: real, bytes }: OpenFile,
  path: string,
  mayExtract: boolean,
  signal: AbortSignal,
): Promise<Found | { reason: string }> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const head = buffer.subarray(0, bytesRead);
  if (bytes === 0 || bytesRead === 0) return { reason: 'It is empty.' };
  const pointer = readLfsPointer(head);
  if (pointer) return examinePointer(pointer, path, mayExtract);
  const { mime, foreign } = await kindOf(head);
  if (foreign !== undefined) return { reason: `It is ${foreign}, not audio.` };
  const media = mime === '' ? {} : await (await import('./media.js')).readMedia(file, bytes, mime, signal);
  if (media.video && media.audio === false) return { reason: 'It is a video without sound.' };
  const tooMuch = bytes > MOST_BYTES;
  if (tooMuch && !mayExtract) return { reason: oversize(bytes, path) };
  const extract = mayExtract && (tooMuch || media.video === true);
  return {
    bytes,
    identity: await digest(file, bytes, signal),
    content: { kind: 'file', path: real, extract },
    ...(extract && { contentType: 'application/octet-stream' }),
    ...(media.seconds !== undefined && { seconds: media.seconds }),
    ...(media.video === true && { video: true as const }),
    media,
  };
}

function examinePointer(
  pointer: NonNullable<ReturnType<typeof readLfsPointer>>,
  path: string,
  mayExtract: boolean,
): Found | { reason: string } {
  if (pointer === 'broken') {
    return { reason: 'It is a Git LFS pointer that cannot be read. Set lfs: true for actions/checkout.' };
  }
  const { oid: identity, bytes } = pointer;
  if (bytes === 0) return { reason: 'It is empty.' };
  if (bytes > MOST_BYTES && !mayExtract) return { reason: oversize(bytes, path) };
  return { bytes, identity, content: { kind: 'pointer' }, media: {} };
}

const oversize = (bytes: number, path: string): string =>
  `${tooLarge(bytes)} Set extract-audio: true, or store its audio alone: ${extractionCommand(path)}`;

/** SHA-256 in hex. */
async function digest(file: FileHandle, bytes: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const highWaterMark = Math.min(bytes, 1 << 20);
  for await (const part of file.createReadStream({ start: 0, autoClose: false, signal, highWaterMark })) {
    hash.update(part);
  }
  return hash.digest('hex');
}
