/** Milliseconds: the first pause, doubled each time, and the longest that a server's Retry-After is believed. */
const PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

/**
 * Milliseconds until the next attempt.
 * @param attempt that failed, from 1
 * @param retryAfter the header, in seconds or as a date (RFC 9110, 10.2.3), if there was one
 * @param now milliseconds since the epoch
 */
export function pauseAfter(attempt: number, retryAfter: string | null, now: number): number {
  return Math.min(LONGEST_PAUSE, Math.max(asked(retryAfter, now), PAUSE * 2 ** (attempt - 1)));
}

function asked(retryAfter: string | null, now: number): number {
  if (retryAfter === null) return 0;
  const milliseconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return Number.isNaN(milliseconds) ? 0 : milliseconds;
}
