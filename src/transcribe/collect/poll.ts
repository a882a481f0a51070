import { isLost } from '../../aws/endpoint-work.js';
import { forEach } from '../../each.js';
import { type OpenJob, outcomeOf } from '../job.js';
import { retryPause } from '../submit/pace.js';
import { parseFailure } from './failure.js';
import { finish, refuse, settle, type Tidying } from './finish.js';
import { type Listed, listAll } from './listed.js';
import { sentAt } from './watch.js';
import type { PacedWork } from './work.js';

/** A job is sent this many times at most. */
const MOST_ATTEMPTS = 3;
const CONCURRENCY = 8;

/** One look at the bucket, by three listings, and what follows from it for every open job. */
export async function poll(work: PacedWork): Promise<void> {
  const { sender, staged, watch } = work;
  // Before the listings: an answer that came in between is in them.
  const doing = await watch.work(staged.open.values());
  const listed = await listAll(sender.ledger, sender.context.clock.now());
  staged.elsewhere = [...listed.claims.keys()].filter((key) => !staged.open.has(key)).length;
  const tidying: Tidying = { removals: [...listed.orphans] };
  try {
    await forEach([...staged.open.values()], CONCURRENCY, async (open) => {
      if (await answered(work, open, listed, tidying)) return;
      const etag = listed.claims.get(open.job.key)?.etag;
      if (etag === undefined) return gone(work, open);
      if (etag !== open.stored.etag) return changed(work, open);
      if (await failed(work, open, listed, tidying)) return;
      if (isOver(work, open)) return again(work, open, { reason: 'the endpoint gave no answer in time.' }, tidying);
      const sent = sentAt(open);
      if (doing && sent !== undefined && isLost(doing, sent)) return again(work, open, { reason: LOST }, tidying);
    });
  } finally {
    // Also after an interrupt: what is finished is not needed any more.
    await sender.closing.objects.remove(tidying.removals);
  }
}

/** Milliseconds after which nobody else has come for an answer: a run that is alive does within a quarter of it. */
const ABANDONED = 60_000;

/** Whether there is an answer. Another run's is its own to collect, for a while. */
async function answered(work: PacedWork, open: OpenJob, listed: Listed, tidying: Tidying): Promise<boolean> {
  const output = listed.outputOf(open);
  if (!output) return false;
  const isAnothers = !open.ours && work.sender.context.clock.now() - output.modified < ABANDONED;
  if (isAnothers) return listed.claims.has(open.job.key);
  return finish(work, open, output, tidying);
}

/** The claim is no more: the job has ended, or its run gave it up. */
async function gone({ sender, staged, deliver }: PacedWork, { job, ours, stored }: OpenJob): Promise<void> {
  const ending = await sender.ledger.readResult(job.key);
  staged.open.delete(job.key);
  if (ending) await deliver(job, outcomeOf(ending, ours ? 'transcribed' : 'reused'));
  else staged.waiting.push({ job, ...(stored.claim?.again === true && { again: true }) });
}

/** Somebody else wrote the claim; or we did, and the answer was lost. */
async function changed({ sender, staged }: PacedWork, open: OpenJob): Promise<void> {
  const stored = await sender.ledger.readClaim(open.job.key);
  if (!stored) return;
  const ours = open.ours && stored.claim?.inferenceId === open.stored.claim?.inferenceId;
  staged.open.set(open.job.key, { job: open.job, stored, ours });
}

/** Whether there is a failure object; its job is refused, or sent again after a pause. */
async function failed(work: PacedWork, open: OpenJob, listed: Listed, tidying: Tidying): Promise<boolean> {
  const entry = listed.failureOf(open);
  if (!entry) return false;
  const { clock } = work.sender.context;
  if (!open.retry) {
    const found = await work.sender.ledger.objects.readText(entry.key);
    if (!found) return false;
    const { verdict, reason } = parseFailure(found.text);
    if (verdict === 'refuse') {
      await refuse(work, open, reason, entry, tidying);
      return true;
    }
    // The failure object stays until then: whoever goes on after a kill finds it.
    const attempt = open.stored.claim?.attempt ?? 1;
    const at = attempt < MOST_ATTEMPTS ? clock.now() + retryPause(attempt) : 0;
    open.retry = { at, reason, leftover: entry.key };
  }
  if (clock.now() >= open.retry.at) await again(work, open, open.retry, tidying);
  return true;
}

const isOver = ({ sender }: PacedWork, { stored: { claim } }: OpenJob): boolean =>
  claim === undefined || Date.parse(claim.deadline) < sender.context.clock.now();

const LOST = 'its instance was taken away in the middle of the work.';

/** Puts a job back to those that wait, or gives it up after the last attempt. One that was never sent made none. */
async function again(
  work: PacedWork,
  open: OpenJob,
  { reason, leftover }: { reason: string; leftover?: string },
  tidying: Tidying,
): Promise<void> {
  const { sender, staged } = work;
  const { job, stored } = open;
  const attempt = (stored.claim?.attempt ?? 1) + (stored.claim?.state === 'sent' ? 1 : 0);
  if (attempt > MOST_ATTEMPTS) {
    const all = `Sent ${MOST_ATTEMPTS} times: ${reason}`;
    return settle(work, open, { state: 'failed', reason: all }, leftover === undefined ? [] : [leftover], tidying);
  }
  staged.open.delete(job.key);
  // Whoever had it may have uploaded it since the bucket was listed.
  if (!open.ours && (await sender.ledger.objects.exists(sender.ledger.inputKey(job.key)))) staged.uploads.add(job.key);
  const earlier = { etag: stored.etag, attempt, reason, ...(leftover !== undefined && { leftover }) };
  staged.waiting.unshift({ job, earlier, ...(stored.claim?.again === true && { again: true }) });
}
