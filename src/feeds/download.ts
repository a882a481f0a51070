import { open, rm } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { pauseAfter } from '../pause.js';
import { shownAddress } from './address.js';
import { within } from './deadline.js';
import { type Answer, ATTEMPTS, type Http } from './http.js';
import { Incomplete, type Landing, land, missing, startLanding } from './landing.js';
import { isPassingError } from './request.js';

const MINUTES = 60;

export interface Downloaded {
  /** 64 hex digits. */
  sha256: string;
  bytes: number;
  /** As the server says, which is often wrong. */
  contentType?: string;
  /** Where the redirects ended. */
  url: string;
}

/**
 * Gets a file onto the disk and hashes it on its way, as it comes: nothing is decompressed. A connection that breaks is
 * taken up again from the byte where it broke, if the server says that it is still the same file, and else from the start.
 * @param file to write; what was there is lost, and nothing is there after a failure
 * @throws UserError when it cannot be had, or has more than `mostBytes`
 */
export async function download(
  http: Http,
  url: string,
  file: string,
  { mostBytes, signal }: { mostBytes: number; signal: AbortSignal },
): Promise<Downloaded> {
  const late = () => new UserError(`${shownAddress(url)} did not come in ${MINUTES} minutes.`, 'Try again later.');
  try {
    await using handle = await open(file, 'w', 0o600);
    const landing = startLanding(url, handle, mostBytes);
    return await within(MINUTES * 60_000, signal, late, (soon) => untilWhole(http, landing, soon));
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** Attempts are counted anew whenever it gets further: a large file survives many breaks, and a dead host few. */
async function untilWhole(http: Http, landing: Landing, signal: AbortSignal): Promise<Downloaded> {
  let furthest = 0;
  for (let attempt = 1; ; attempt++) {
    const answer = await http.get(landing.from, { headers: missing(landing), signal });
    try {
      await land(landing, answer);
      return downloaded(landing, answer);
    } catch (error) {
      answer.body.destroy();
      signal.throwIfAborted();
      if (!(error instanceof Incomplete || isPassingError(error))) throw error;
      if (landing.bytes > furthest) attempt = 1;
      furthest = Math.max(furthest, landing.bytes);
      if (attempt >= ATTEMPTS) throw brokenOff(landing.from, furthest, error as Error);
    }
    await http.clock.sleep(pauseAfter(attempt, null, http.clock.now()), signal);
  }
}

const downloaded = ({ hash, bytes }: Landing, { url, headers }: Answer): Downloaded => {
  const contentType = headers['content-type'];
  return { sha256: hash.digest('hex'), bytes, url, ...(contentType !== undefined && { contentType }) };
};

const brokenOff = (from: string, furthest: number, cause: Error): UserError =>
  new UserError(
    `${shownAddress(from)} broke off ${ATTEMPTS} times, and did not get further than ${furthest} bytes: ${cause.message}`,
    'Run the step again later.',
    { cause },
  );
