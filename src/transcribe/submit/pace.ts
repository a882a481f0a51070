/** SageMaker drops a request that waited longer in its queue: its longest, in seconds. */
export const REQUEST_TTL_SECONDS = 21_600;
/** SageMaker ends an invocation that takes longer: its longest, in seconds. */
export const INVOCATION_TIMEOUT_SECONDS = 3600;

const HOUR = 3_600_000;
const FIRST_PER_SLOT = 10;
const MOST_IN_FLIGHT = 1000;

/**
 * How many files may be with the endpoint at once, so that none waits past its time to live (6 hours): ten for each
 * request that one instance works on at a time (36 minutes each), and once files come back, what the fleet finishes in
 * half that time at the pace seen so far.
 */
export function inFlightLimit(seen: { concurrency: number; finished: number; milliseconds: number }): number {
  const perHour = seen.finished / (Math.max(seen.milliseconds, 1000) / HOUR);
  const paced = Math.floor((perHour * REQUEST_TTL_SECONDS) / 3600 / 2);
  return Math.min(Math.max(paced, FIRST_PER_SLOT * seen.concurrency), MOST_IN_FLIGHT);
}

const FIRST_POLL = 2000;
const SLOWEST_POLL = 15_000;

/** Milliseconds to wait before poll number `turn` (0, 1, ...): 2 s, growing to 15 s. */
export const pollInterval = (turn: number): number => Math.min(FIRST_POLL * 1.3 ** turn, SLOWEST_POLL);
