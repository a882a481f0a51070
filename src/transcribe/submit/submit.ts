import { isPassingTrouble } from '../../aws/retry.js';
import { forEach } from '../../each.js';
import type { StoredClaim } from '../../ledger/ledger.js';
import type { Claim, Ending } from '../../ledger/records.js';
import type { Job, OpenJob } from '../job.js';
import type { Staged, WaitingJob } from '../stage.js';
import { claim, release, renewed, sent } from './claim.js';
import { invoke } from './invoke.js';
import type { Sender } from './sender.js';
import { upload } from './upload.js';

export type Submission =
  | { state: 'sent'; open: OpenJob }
  /** Another run has claimed it. */
  | { state: 'taken' }
  /** Another run has ended it since the ledger was read. */
  | { state: 'done'; ending: Ending }
  | { state: 'failed'; reason: string };

export type Settle = (waiting: WaitingJob, submission: Submission) => Promise<void>;

/** Requests at once: most files are small, and a request takes as long as its way. Large ones share few buffers. */
const AT_ONCE = 16;
const A_PAGE = 1000;

/**
 * Sends jobs: claims them, uploads their audio unless it is there, invokes, and writes down where the answers will be.
 * The claim comes first, so that of two runs one sends; the output's name is in it, so that a run that is killed right
 * after the invocation loses nothing. A job that was not settled was not sent, and its claim is given back.
 */
export async function submit(
  sender: Sender,
  staged: Pick<Staged, 'uploads' | 'results'>,
  jobs: readonly WaitingJob[],
  settle: Settle,
): Promise<void> {
  const held = new Map<Job, StoredClaim>();
  try {
    const claimed: WaitingJob[] = [];
    await forEach(jobs, AT_ONCE, async (waiting) => {
      const stored = await claim(sender, waiting);
      if (!stored) return settle(waiting, { state: 'taken' });
      held.set(waiting.job, stored);
      claimed.push(waiting);
    });
    const ended = await endedMeanwhile(sender, staged, claimed);
    await forEach(claimed, AT_ONCE, async (waiting) => {
      const ending = ended.get(waiting.job.key);
      await settle(waiting, ending ? { state: 'done', ending } : await send(sender, staged, waiting.job, held));
    });
  } finally {
    if (held.size > 0) await release(sender, held);
  }
}

/**
 * The endings that other runs have written since the ledger was read, by key. A result is written before its claim goes,
 * so behind claims of ours a look is exact. One listing, where that takes fewer requests than a look at each.
 */
async function endedMeanwhile(
  { ledger }: Sender,
  staged: Pick<Staged, 'results'>,
  claimed: readonly WaitingJob[],
): Promise<Map<string, Ending>> {
  let keys = claimed.filter(({ again }) => again !== true).map(({ job }) => job.key);
  if (keys.length > Math.max(1, staged.results / A_PAGE)) {
    const finished = await ledger.finished();
    staged.results = finished.size;
    keys = keys.filter((key) => finished.has(key));
  }
  const endings = new Map<string, Ending>();
  await forEach(keys, AT_ONCE, async (key) => {
    const ending = await ledger.readResult(key);
    if (ending) endings.set(key, ending);
  });
  return endings;
}

/** @param held loses the job's claim once its request may be with the endpoint */
async function send(
  sender: Sender,
  { uploads }: Pick<Staged, 'uploads'>,
  job: Job,
  held: Map<Job, StoredClaim>,
): Promise<Submission> {
  if (!uploads.has(job.key)) {
    const reason = await upload(sender, job);
    if (reason !== undefined) return { state: 'failed', reason };
    uploads.add(job.key);
  }
  sender.context.signal.throwIfAborted();
  const stored = await renewed(sender, job, held.get(job) as StoredClaim);
  held.delete(job);
  sender.journal.over(job.key);
  if (!stored) return { state: 'taken' };
  const record = stored.claim as Claim;
  const accepted = await invoke(sender, job, record).catch((error: unknown) => {
    held.set(job, stored);
    sender.journal.claiming(job.key, record.inferenceId);
    throw error;
  });
  // Should it not be queued, the claim runs out as it stands, within minutes.
  if (!accepted) {
    const assumed = { ...sent(record, { at: sender.context.clock.now() }), deadline: record.deadline };
    return { state: 'sent', open: { job, stored: { ...stored, claim: assumed }, ours: true } };
  }
  return noteSent(sender, job, stored, sent(record, accepted));
}

/** A claim that cannot be written now still tells where the output will be. */
async function noteSent({ closing }: Sender, job: Job, stored: StoredClaim, record: Claim): Promise<Submission> {
  const written = await closing.writeClaim(job.key, record, stored.etag).catch((error: unknown) => {
    if (!isPassingTrouble(error)) throw error;
    return { ...stored, claim: record };
  });
  return written ? { state: 'sent', open: { job, stored: written, ours: true } } : { state: 'taken' };
}
