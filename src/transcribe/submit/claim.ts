import { randomUUID } from 'node:crypto';
import type { StoredClaim } from '../../ledger/ledger.js';
import type { Claim } from '../../ledger/records.js';
import type { Job } from '../job.js';
import type { WaitingJob } from '../stage.js';
import { LONGEST_INVOCATION_SECONDS, REQUEST_TTL_SECONDS } from './pace.js';
import type { Sender } from './sender.js';

/** Long enough to upload 1 GB; after a kill in between, the file waits no longer than this. */
const STAGING_MILLISECONDS = 15 * 60_000;
/** After which no answer comes any more. */
export const ANSWER_MILLISECONDS = (REQUEST_TTL_SECONDS + LONGEST_INVOCATION_SECONDS) * 1000;

/** Claims a job before anything is paid for, so that of two runs one sends it. Undefined: somebody else was faster. */
export async function claim(sender: Sender, { job, earlier, again }: WaitingJob): Promise<StoredClaim | undefined> {
  const { context, ledger, endpoint, owner, journal } = sender;
  const inferenceId = randomUUID().replaceAll('-', '');
  const record: Claim = {
    version: 1,
    state: 'staged',
    audio: job.audio.identity,
    inferenceId,
    output: ledger.uri(`${endpoint.prefix}output/${job.key}/${inferenceId}`),
    owner,
    attempt: earlier?.attempt ?? 1,
    ...(again === true && { again }),
    deadline: from(context.clock.now(), STAGING_MILLISECONDS),
  };
  journal.claiming(job.key, inferenceId);
  const stored = await ledger.writeClaim(job.key, record, earlier?.etag);
  if (!stored) journal.over(job.key);
  return stored;
}

/** A claim that may run out before the invocation is made anew; undefined: another run has it by now. */
export async function renewed(
  { context, ledger }: Sender,
  job: Job,
  stored: StoredClaim,
): Promise<StoredClaim | undefined> {
  const record = stored.claim as Claim;
  const now = context.clock.now();
  if (Date.parse(record.deadline) - now > STAGING_MILLISECONDS / 2) return stored;
  return ledger.writeClaim(job.key, { ...record, deadline: from(now, STAGING_MILLISECONDS) }, stored.etag);
}

/** What is known once SageMaker has taken the request. */
export interface Accepted {
  /** Milliseconds since the epoch. */
  at: number;
  /** s3:// addresses. */
  output?: string | undefined;
  failure?: string | undefined;
}

export function sent(record: Claim, { at, output = record.output, failure }: Accepted): Claim {
  const deadline = from(at, ANSWER_MILLISECONDS);
  const known = { output, ...(failure !== undefined && { failure }) };
  return { ...record, state: 'sent', sent: from(at, 0), ...known, deadline };
}

/** Gives claims of ours up, also after an interrupt; where that fails, they run out by themselves. */
export async function release(
  { context, closing, journal }: Sender,
  held: ReadonlyMap<Job, StoredClaim>,
): Promise<void> {
  const now = context.clock.now();
  // One that has run out may be another run's by now.
  const ours = [...held].filter(([, { claim }]) => Date.parse(claim?.deadline ?? '') > now);
  const keys = ours.map(([{ key }]) => key);
  try {
    await closing.objects.remove(keys.map(closing.claimKey));
    for (const key of keys) journal.over(key);
  } catch {
    // The step's post tries again.
  }
}

const from = (milliseconds: number, later: number): string => new Date(milliseconds + later).toISOString();
