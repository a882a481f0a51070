import type { Context } from '../context.js';
import { ATTEMPTS, pauseAfter } from './patient-fetch.js';

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
    if (signal.aborted || attempt >= ATTEMPTS)
      throw broken ?? new Error(`${name} ended after ${position} of ${blob.size} bytes`);
    const pause = pauseAfter(attempt, null);
    log.info(`${name}: the connection broke after ${position} of ${blob.size} bytes; going on in ${pause / 1000} s.`);
    await clock.sleep(pause, signal);
  }
}
