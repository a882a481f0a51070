import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { WrongContent } from '../../aws/multipart-upload.js';
import { UserError } from '../../errors.js';
import { withUploadable } from '../examine/extract.js';
import type { Job } from '../job.js';
import { isReadInPlace } from './input-location.js';
import type { Sender } from './sender.js';

/** Read at once. */
const READ_BYTES = 256 * 1024;

const CHANGED = 'It changed while it was read.';
const LOST = 'Its audio has gone from the bucket. The next run downloads it again.';
const GONE = 'It was replaced or removed after it was found. Run the step again.';

/**
 * Uploads a job's audio in parts, so that its size is no matter, and checks on the way that it is what was examined;
 * else nothing of it is there. What lies in S3 already is used in place, or else copied within S3.
 * @returns why this file cannot be sent, in words; undefined: its audio is in S3
 */
export async function upload(
  { context, ledger }: Pick<Sender, 'context' | 'ledger'>,
  { key, audio }: Pick<Job, 'key' | 'audio'>,
): Promise<string | undefined> {
  const { content, identity, contentType } = audio;
  if (content.kind === 'episode') return LOST;
  if (content.kind === 'object' && !isReadInPlace(content)) {
    const copied = await ledger.objects.copy(content, ledger.inputKey(key), contentType);
    return copied ? undefined : GONE;
  }
  if (content.kind !== 'file') return undefined;
  const { signal } = context;
  const put = (parts: AsyncIterable<Uint8Array>) => ledger.objects.upload(ledger.inputKey(key), parts, contentType);
  try {
    await withUploadable(context, audio, async (file) => {
      if (file === content.path) return put(unchanged(file, identity, signal));
      // What was taken out of it has another hash: that of the whole tells that it was taken out of this.
      for await (const _ of unchanged(content.path, identity, signal));
      return put(read(file, signal));
    });
    return undefined;
  } catch (error) {
    if (signal.aborted || !(error instanceof UserError)) throw error;
    return `${error.message} ${error.remedy}`.trim();
  }
}

/** @throws WrongContent at its end when it is not the content with this SHA-256 */
async function* unchanged(path: string, sha256: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  for await (const part of read(path, signal)) {
    hash.update(part);
    yield part;
  }
  if (hash.digest('hex') !== sha256) throw new WrongContent(CHANGED, 'Run the step again.');
}

async function* read(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  try {
    // Most files are smaller than the buffer that a stream takes otherwise, twice for each.
    const { size } = await stat(path);
    yield* createReadStream(path, { signal, highWaterMark: Math.min(Math.max(size, 1), READ_BYTES) });
  } catch (error) {
    signal.throwIfAborted();
    throw new WrongContent(`It cannot be read: ${(error as Error).message}`, 'Run the step again.', { cause: error });
  }
}
