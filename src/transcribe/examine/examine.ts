import { createHash } from 'node:crypto';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isLfsPointer } from '../../git/lfs.js';
import type { TranscriptionOptions } from '../../settings/transcribe.js';
import type { Audio, Refusal } from '../audio.js';
import { contentType } from './content-type.js';

/** SageMaker's limit of an asynchronous request's payload. */
const MOST_BYTES = 1024 ** 3;

/** Reads a file once, in parts, and says what it is. Never throws for what is wrong with the file. */
export async function examine(
  workspace: string,
  path: string,
  options: TranscriptionOptions,
  signal: AbortSignal,
): Promise<Audio | Refusal> {
  const refuse = (reason: string): Refusal => ({ path, reason });
  try {
    const real = await realpath(join(workspace, path));
    if (!real.startsWith((await realpath(workspace)) + sep))
      return refuse('It is a link that leads out of the workspace.');
    await using file = await open(real, 'r');
    const { size: bytes } = await file.stat();
    if (bytes === 0) return refuse('It is empty.');
    if (bytes > MOST_BYTES) {
      const gigabytes = (bytes / 1e9).toFixed(1);
      return refuse(
        `It has ${gigabytes} GB, and SageMaker takes 1 GB at most. Store it compressed (mp3, opus, flac) or split it.`,
      );
    }
    if (await isLfsPointer(real)) {
      return refuse('It is a Git LFS pointer, not the audio. Set lfs: true for actions/checkout.');
    }
    const content = { kind: 'file', path: real, extract: false } as const;
    return {
      path,
      bytes,
      identity: await digest(file, signal),
      content,
      contentType: contentType(path),
      options,
      speakers: [],
    };
  } catch (error) {
    if (signal.aborted) throw error;
    return refuse(`It cannot be read: ${(error as Error).message}`);
  }
}

async function digest(file: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of file.createReadStream({ start: 0, autoClose: false, signal, highWaterMark: 1 << 20 })) {
    hash.update(part);
  }
  return hash.digest('hex');
}
