import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { UserError } from '../errors.js';
import { shownAddress } from './address.js';
import type { Answer } from './http.js';
import { continues, rangeFrom, type Version, versionOf } from './version.js';

/** A file of which a part has landed on the disk. */
export interface Landing {
  /** Where it comes from, for people. */
  from: string;
  handle: FileHandle;
  /** Size from which it is refused. */
  mostBytes: number;
  bytes: number;
  /** Of these bytes. */
  hash: Hash;
  /** Which file they are of. */
  version: Version;
}

export const startLanding = (from: string, handle: FileHandle, mostBytes: number): Landing => ({
  from,
  handle,
  mostBytes,
  bytes: 0,
  hash: createHash('sha256'),
  version: { total: undefined, validator: undefined },
});

/** Headers that ask for what is missing, in its own bytes: compressed ones could not be taken up in the middle. */
export const missing = ({ bytes, version }: Landing): OutgoingHttpHeaders => ({
  'accept-encoding': 'identity',
  ...rangeFrom(bytes, version),
});

/** The answer is not all that is missing, and another one may bring it. */
export class Incomplete extends Error {}

/**
 * Puts an answer's bytes behind those that are there if they follow them, and in their place if they are a whole file.
 * @throws Incomplete, the connection's error, or UserError when no other answer can be better
 */
export async function land(landing: Landing, answer: Answer): Promise<void> {
  begin(landing, answer);
  refuseTooLarge(landing, landing.version.total ?? 0);
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    refuseTooLarge(landing, landing.bytes + chunk.length);
    await write(landing.handle, chunk, landing.bytes);
    landing.hash.update(chunk);
    landing.bytes += chunk.length;
  }
  const { bytes, version } = landing;
  if (version.total !== undefined && bytes < version.total) {
    throw new Incomplete(`it ended after ${bytes} of ${version.total} bytes`);
  }
  // What came before a start anew may have been more.
  await landing.handle.truncate(bytes);
}

function begin(landing: Landing, { status, headers }: Answer): void {
  if (status === 206 && landing.bytes > 0 && continues(headers, landing.bytes, landing.version)) return;
  landing.bytes = 0;
  landing.hash = createHash('sha256');
  landing.version = { total: undefined, validator: undefined };
  // 416: the file has become shorter. The next request is for the whole.
  if (status === 206 || status === 416) throw new Incomplete('it changed meanwhile');
  if (status !== 200) throw refused(landing.from, status);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw compressed(landing.from, encoding);
  landing.version = versionOf(headers);
}

async function write(handle: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  }
}

function refuseTooLarge({ from, mostBytes }: Landing, bytes: number): void {
  if (bytes <= mostBytes) return;
  throw new UserError(
    `${shownAddress(from)} has more than ${mostBytes / 1e6} MB.`,
    'No larger file is taken. If it is a video, transcribe its sound alone from a file of your own.',
  );
}

function refused(from: string, status: number): UserError {
  const message = `${shownAddress(from)} answered with status ${status}.`;
  if (status === 404 || status === 410) return new UserError(message, 'The feed names a file that is no longer there.');
  if (status === 401 || status === 403) {
    return new UserError(
      message,
      'The host does not give it to this runner: it may want a token, or refuse data centres.',
    );
  }
  return new UserError(message, 'Run the step again later.');
}

const compressed = (from: string, encoding: string): UserError =>
  new UserError(
    `${shownAddress(from)} sends its file compressed (${encoding}), although it was asked not to.`,
    'Tell the host of the podcast: audio does not become smaller by it.',
  );
