import type { Clock } from '../clock.js';
import { UserError } from '../errors.js';

/** How an attempt to push ended: well, or with what stood in the way. */
export type Attempt<T> = { done: T } | { said: string };

/** Each one that fails because of another run is a success of that run. */
const MOST_ATTEMPTS = 20;
const LONGEST_PAUSE = 10_000;

/**
 * Tries until it is done, with random pauses: runs that started together must not collide again and again.
 * @throws UserError after the last attempt
 */
export async function untilPushed<T>(
  branch: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  attempt: () => Promise<Attempt<T>>,
): Promise<T> {
  let said = '';
  for (let number = 1; number <= MOST_ATTEMPTS; number++) {
    const result = await attempt();
    if ('done' in result) return result.done;
    said = result.said;
    await clock.sleep(Math.random() * Math.min(250 * 2 ** number, LONGEST_PAUSE), signal);
  }
  throw new UserError(
    `The transcripts could not be pushed to ${branch} in ${MOST_ATTEMPTS} attempts, the last time because: ${said}`,
    'Run the step again: it pays for nothing twice. A concurrency: group on the workflow keeps its runs apart.',
  );
}
