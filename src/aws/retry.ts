import type { Context } from '../context.js';
import { isNamed, statusOf } from './error-name.js';

const ATTEMPTS = 6;

/**
 * Asks again after answers that pass by themselves (`passes`) and that the SDK does not retry: what was just made is not visible
 * everywhere at once. Pauses of 1, 2, 4, 8 and 16 seconds.
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

const THROTTLED = ['Throttling', 'ThrottlingException', 'ThrottledException', 'TooManyRequestsException', 'SlowDown'];

/** Whether AWS did not do it because there were too many requests. */
export const isThrottled = (error: unknown): boolean => isNamed(error, ...THROTTLED) || statusOf(error) === 429;

const UNREACHED = ['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'ENOTFOUND'];

/**
 * Whether an error that the SDK has given up on, after five attempts, may still pass: AWS throttled, failed by itself, or
 * was not reached. For loops that wait anyway.
 */
export function isPassingTrouble(error: unknown): boolean {
  if (isNamed(error, 'TimeoutError') || isThrottled(error)) return true;
  const { code, errors } = error as { code?: string; errors?: unknown[] };
  // Node tries each address of a host and reports all the failures together.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isPassingTrouble);
  return (statusOf(error) ?? 0) >= 500 || UNREACHED.includes(code ?? '');
}
