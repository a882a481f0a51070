import { plural } from '../../plural.js';

/** How far the work is, in jobs, and what its end is reckoned from. */
export interface Standing {
  /** Not sent yet. */
  waiting: number;
  /** With the endpoint, whoever sent them. */
  open: number;
  done: number;
  /** Undefined: not known. */
  instances: number | undefined;
  /** Requests that one instance works on at a time. */
  concurrency: number;
}

/** One line on how far the work is. Pure. */
export function standingLine({ waiting, open, done, instances, concurrency }: Standing): string {
  const running = Math.min(open, (instances ?? 0) * concurrency);
  const parts = [
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(open > running ? [`${open - running} queued`] : []),
    ...(running > 0 ? [`${running} running on ${plural(instances ?? 0, 'instance')}`] : []),
    ...(open > 0 && instances === 0 ? ['no instance yet'] : []),
    `${done} of ${done + open + waiting} done`,
  ];
  return parts.join(', ');
}

/** Audio that is done, and audio that is left. */
export interface Amount {
  /** Seconds, where they are known. */
  seconds: number;
  /** Bytes of that whose seconds are not known. */
  bytes: number;
}

/** What has been done. */
export interface Pace {
  /** Seconds and bytes of the same audio. */
  seconds: number;
  bytes: number;
  /** Milliseconds in which an instance was there. */
  milliseconds: number;
}

/**
 * Milliseconds until all is done, at the pace seen; what is known by its bytes alone is taken to be as dense as what is
 * done. Undefined: nothing is done yet. Pure.
 */
export function millisecondsLeft(left: Amount, done: Pace): number | undefined {
  if (done.seconds <= 0 || done.milliseconds <= 0) return undefined;
  const seconds = left.seconds + (done.bytes > 0 ? (left.bytes * done.seconds) / done.bytes : 0);
  return (seconds / done.seconds) * done.milliseconds;
}

/** `about 14 minutes left` */
export function leftWords(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 1) return 'less than a minute left';
  return minutes < 100
    ? `about ${plural(Math.round(minutes), 'minute')} left`
    : `about ${(minutes / 60).toFixed(1)} hours left`;
}
