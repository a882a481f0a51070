import type { Context } from '../context.js';
import { isNamed } from './error-name.js';

const ATTEMPTS = 5;

/**
 * Asks again after answers that pass by themselves and that the SDK does not retry: what was just made is not visible
 * everywhere at once. Pauses of 1, 2, 4 and 8 seconds.
 */
export async function retrying<T>(
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
  names: readonly string[],
  ask: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS || !isNamed(error, ...names)) throw error;
      await clock.sleep(1000 * 2 ** (attempt - 1), signal);
    }
  }
}
