import type { StoredClaim } from '../ledger/ledger.js';
import type { Transcript } from '../transcript/transcript.js';
import type { Audio } from './examine/examine.js';

/** Audio to transcribe: all the files that have the same content are one job. */
export interface Job {
  key: string;
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

/** What became of a job. */
export type Outcome =
  | { state: 'transcribed'; transcript: Transcript }
  /** Somebody else's work: it cost this run nothing. */
  | { state: 'reused'; transcript: Transcript }
  | { state: 'failed'; reason: string };

export type Deliver = (job: Job, outcome: Outcome) => Promise<void>;

/** One job for each content, in the order of the first paths. */
export function jobsOf(files: readonly Audio[], key: (audio: Audio) => string): Job[] {
  const groups = Map.groupBy(files, (audio) => audio.sha256);
  return [...groups.values()].flatMap(([audio, ...same]) =>
    audio ? [{ key: key(audio), audio, paths: [audio.path, ...same.map(({ path }) => path)] }] : [],
  );
}
