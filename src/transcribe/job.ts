import type { StoredClaim } from '../ledger/ledger.js';
import type { Transcript } from '../transcript/transcript.js';
import type { Audio } from './audio.js';

/** Audio to transcribe: all the files that have the same content and options are one job. */
export interface Job {
  key: string;
  /** The first of them. */
  audio: Audio;
  /** Every path that has this content, the one of `audio` first. */
  paths: string[];
}

/** A job that is with the endpoint, or that somebody is about to send. */
export interface OpenJob {
  job: Job;
  stored: StoredClaim;
  /** Whether this run sent it; else another run has it, which may have been killed. */
  ours: boolean;
}

/** How long a request took; milliseconds since the epoch. */
export interface Timing {
  /** When SageMaker took the request. */
  sent: number;
  /** When SageMaker wrote the answer. */
  answered: number;
}

/** What became of a job. */
export type Outcome =
  | { state: 'transcribed'; transcript: Transcript; timing?: Timing }
  /** Somebody else's work: it cost this run nothing. */
  | { state: 'reused'; transcript: Transcript }
  | { state: 'failed'; reason: string };

export type Deliver = (job: Job, outcome: Outcome) => Promise<void>;

/** One job for each key, in the order of the first paths. */
export function jobsOf(files: readonly Audio[], key: (audio: Audio) => string): Job[] {
  const groups = Map.groupBy(files, key);
  return [...groups].flatMap(([key, [audio, ...same]]) =>
    audio ? [{ key, audio, paths: [audio.path, ...same.map(({ path }) => path)] }] : [],
  );
}
