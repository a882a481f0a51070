import type { Context } from '../context.js';

const ATTEMPTS = 5;

/**
 * Asks again after answers that pass by themselves (`passes`) and that the SDK does not retry: what was just made is not visible
 * everywhere at once. Pauses of 1, 2, 4 and 8 seconds.
 */
export async function retrying<T>(
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
  passes: (error: unknown) => boolean,
  ask: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS || !passes(error)) throw error;
      await clock.sleep(1000 * 2 ** (attempt - 1), signal);
    }
  }
}
