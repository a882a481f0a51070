import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import { pauseAfter } from '../pause.js';
import { ATTEMPTS } from './patient-fetch.js';

/**
 * The content of a file on the hub; a connection that breaks is taken up again from the byte where it broke.
 * Attempts are counted anew whenever bytes came, so that a large file survives many breaks, and a dead host few.
 */
export async function* resumed(blob: Blob, name: string, { clock, log, signal }: Context): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (let attempt = 1; position < blob.size; attempt++) {
    const before = position;
    let broken: unknown;
    try {
      // A slice of the whole would ask for the whole, without a range.
      for await (const chunk of (position === 0 ? blob : blob.slice(position)).stream()) {
        position += chunk.length;
        yield chunk;
      }
    } catch (error) {
      broken = error;
    }
    if (position >= blob.size) return;
    if (position > before) attempt = 1;
    signal.throwIfAborted();
    if (attempt >= ATTEMPTS) throw brokenOff(name, `${position} of ${blob.size} bytes`, broken);
    const pause = pauseAfter(attempt, null, clock.now());
    log.info(`${name}: the connection broke after ${position} of ${blob.size} bytes; going on in ${pause / 1000} s.`);
    await clock.sleep(pause, signal);
  }
}

/** @param cause the library hands on some errors as text */
function brokenOff(name: string, got: string, cause: unknown): UserError {
  const reason = cause instanceof Error ? cause.message : String(cause ?? 'the connection ended early');
  return new UserError(
    `The hub's ${name} could not be loaded: it broke off after ${got}, ${ATTEMPTS} times (${reason}).`,
    'Run the step again: files that were loaded are kept. A model in a folder or in S3 needs no hub.',
    { cause },
  );
}
