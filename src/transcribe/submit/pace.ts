import type { Audio } from '../audio.js';

/** SageMaker drops a request that waited longer in its queue: its longest, in seconds. */
export const REQUEST_TTL_SECONDS = 21_600;
/** SageMaker ends an invocation that takes longer: its longest, in seconds. */
export const LONGEST_INVOCATION_SECONDS = 3600;

const INVOCATION_SECONDS = 600;
/** A large model on a small CPU instance takes this many times as long as the audio. */
const SLOWEST = 4;

/**
 * Seconds after which SageMaker may end an invocation: ten minutes and four times the audio's length, an hour at most,
 * which is also what audio of unknown length gets. So a request that hangs does not hold an instance for an hour.
 */
export function invocationTimeout(seconds: number | undefined): number {
  const wanted = INVOCATION_SECONDS + SLOWEST * (seconds ?? Number.POSITIVE_INFINITY);
  return Math.min(Math.ceil(wanted), LONGEST_INVOCATION_SECONDS);
}

/** Speech of 16 kbit/s: where a length is not known, no audio is longer than its bytes at this rate. */
const LOW_BIT_RATE = 2000;
/** What a request takes beside its audio (start, download, answer) is as much work as so many seconds of it. */
const SECONDS_OF_A_REQUEST = 10;

/** What a file is to the fleet: seconds of audio. */
export const loadOf = ({ seconds, bytes }: Pick<Audio, 'seconds' | 'bytes'>): number =>
  (seconds ?? bytes / LOW_BIT_RATE) + SECONDS_OF_A_REQUEST;

/** Requests that are with the endpoint, and their load. */
export interface Flight {
  requests: number;
  load: number;
}

export interface Fleet {
  /** As last seen; 0 while the endpoint sleeps. */
  instances: number;
  /** Requests that one instance works on at a time. */
  concurrency: number;
  gpu: boolean;
}

/** What the fleet has finished of this run, from its first request on until its last answer, in milliseconds. */
export interface Finished {
  load: number;
  milliseconds: number;
}

/** Load a second of one instance before any answer is seen: less than the slowest GPU and the largest model, by far. */
const FIRST_GUESS = { gpu: 4, cpu: 0.25 };
/** Of the time to live; what happens to the fleet meanwhile has the other half. */
const SHARE = 0.5;
/** So that a poll lists and collects no more than memory should hold; a fleet that does more in 15 s is not known. */
const MOST_REQUESTS = 2000;

/**
 * How much may be with the endpoint at once, whoever sent it, so that no request waits past its time to live (6 hours):
 * what the fleet finishes in half that time, at the pace seen; before an answer was seen, at one that the slowest
 * instance keeps.
 */
export function mostInFlight(fleet: Fleet, finished: Finished): Flight {
  const guess = FIRST_GUESS[fleet.gpu ? 'gpu' : 'cpu'] * Math.max(fleet.instances, 1);
  const seen = finished.load / Math.max(finished.milliseconds / 1000, 1);
  const load = (finished.load > 0 ? seen : guess) * REQUEST_TTL_SECONDS * SHARE;
  return { requests: MOST_REQUESTS, load };
}

/**
 * How many of the files that are next, given by their loads, may be sent now. One for each request that the fleet works
 * on at a time always may: it does not wait.
 */
export function sendable(next: Iterable<number>, inFlight: Flight, most: Flight, fleet: Fleet): number {
  const atOnce = fleet.concurrency * Math.max(fleet.instances, 1);
  let { requests, load } = inFlight;
  let count = 0;
  for (const more of next) {
    const fits = requests < most.requests && load + more <= most.load;
    if (!fits && requests >= atOnce) break;
    requests++;
    load += more;
    count++;
  }
  return count;
}

const FIRST_POLL = 2000;
const SLOWEST_POLL = 15_000;

/** Milliseconds to wait before poll number `turn` (0, 1, ...): 2 s, growing to 15 s. */
export const pollInterval = (turn: number): number => Math.min(FIRST_POLL * 1.3 ** turn, SLOWEST_POLL);

const FIRST_PAUSE = 60_000;

/**
 * Milliseconds before a job is sent again that failed at its attempt number `attempt` (1, 2): a minute, then two. An
 * instance that is starting, or out of memory beside other requests, needs them.
 */
export const retryPause = (attempt: number): number => FIRST_PAUSE * 2 ** (attempt - 1);
