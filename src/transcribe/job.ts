import { type Identity, jobKey } from '../ledger/key.js';
import type { StoredClaim } from '../ledger/ledger.js';
import type { Ending } from '../ledger/records.js';
import type { Transcript } from '../transcript/transcript.js';
import type { Audio } from './audio.js';

/** Audio to transcribe: all the files that have the same content and options are one job. */
export interface Job {
  key: string;
  /** All that its transcript depends on, were it made now. */
  identity: Identity;
  /** The first of the files: the one that is sent. */
  audio: Audio;
  files: readonly Audio[];
}

/** A job that is with the endpoint, or that somebody is about to send. */
export interface OpenJob {
  job: Job;
  stored: StoredClaim;
  /** Whether this run sent it; else another run has it, which may have been killed. */
  ours: boolean;
  /** Set once it has failed: when it is sent again (milliseconds since the epoch), and the failure object. */
  retry?: { at: number; reason: string; leftover: string };
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
  /** `refused`: by the container, which is remembered; in this run or before it. */
  | { state: 'failed'; reason: string; refused?: 'now' | 'before' };

/** Of a job that has ended for good, here or elsewhere. */
export const outcomeOf = (ending: Ending, state: 'transcribed' | 'reused'): Outcome =>
  'refused' in ending
    ? { state: 'failed', reason: ending.refused, refused: 'before' }
    : { state, transcript: ending.transcript };

export type Deliver = (job: Job, outcome: Outcome) => Promise<void>;

/**
 * One job for each key, in the order of the first files.
 * @param keptKey of the transcript that a file has and keeps, made from something else than its identity now
 */
export function jobsOf(
  files: readonly Audio[],
  identityOf: (audio: Audio) => Identity,
  keptKey: (audio: Audio) => string | undefined = () => undefined,
): Job[] {
  const jobs = new Map<string, Job & { files: Audio[] }>();
  for (const audio of files) {
    const identity = identityOf(audio);
    const key = keptKey(audio) ?? jobKey(identity);
    const job = jobs.get(key);
    if (job) job.files.push(audio);
    else jobs.set(key, { key, identity, audio, files: [audio] });
  }
  return [...jobs.values()];
}
