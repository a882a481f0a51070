import { forEach } from '../each.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Deliver, Job, OpenJob } from './job.js';
import type { Earlier } from './submit/submit.js';

/** A job that is not with the endpoint. */
export interface WaitingJob {
  job: Job;
  /** Set when a claim of it is there that is to be replaced. */
  earlier?: Earlier;
}

/** What is left to do once the ledger has been read. */
export interface Staged {
  waiting: WaitingJob[];
  /** By key. */
  open: Map<string, OpenJob>;
  /** Keys of the jobs whose audio is uploaded. */
  uploads: Set<string>;
}

const CONCURRENCY = 16;

/**
 * Sorts the jobs by what the ledger knows of them: finished ones are delivered without a word to the endpoint, refused
 * ones fail as they did before (unless `retryFailed`), those with a claim are waited for, and the rest waits.
 * Three listings, then one request for each job that has something.
 */
export async function stage(
  ledger: Ledger,
  jobs: readonly Job[],
  retryFailed: boolean,
  deliver: Deliver,
): Promise<Staged> {
  const [finished, claims, uploads] = await Promise.all([ledger.finished(), ledger.claims(), ledger.uploads()]);
  const staged: Staged = { waiting: [], open: new Map(), uploads };
  await forEach(jobs, CONCURRENCY, async (job) => {
    const transcript = finished.has(job.key) ? await ledger.readResult(job.key) : undefined;
    if (transcript) await deliver(job, { state: 'reused', transcript });
    else if (claims.has(job.key)) await stageClaimed(ledger, job, retryFailed, staged, deliver);
    else staged.waiting.push({ job });
  });
  await sweep(ledger, finished, claims, jobs);
  const order = new Map(jobs.map(({ key }, index) => [key, index]));
  staged.waiting.sort((a, b) => (order.get(a.job.key) ?? 0) - (order.get(b.job.key) ?? 0));
  return staged;
}

async function stageClaimed(
  ledger: Ledger,
  job: Job,
  retryFailed: boolean,
  { waiting, open }: Staged,
  deliver: Deliver,
): Promise<void> {
  const stored = await ledger.readClaim(job.key);
  if (stored?.claim?.state !== 'refused') {
    // One that has just gone, or whose run was killed, is found out about in the first poll.
    open.set(job.key, { job, stored: stored ?? { claim: undefined, etag: '' }, ours: false });
  } else if (retryFailed) {
    waiting.push({ job, earlier: { etag: stored.etag, attempt: 1 } });
  } else {
    const reason = `${stored.claim.reason} It was refused in an earlier run; retry-failed: true sends it again.`;
    await deliver(job, { state: 'failed', reason });
  }
}

/** Removes what a run left that was killed between writing a result and tidying up. */
async function sweep(
  ledger: Ledger,
  finished: Set<string>,
  claims: Map<string, string>,
  jobs: readonly Job[],
): Promise<void> {
  const left = jobs.filter(({ key }) => finished.has(key) && claims.has(key));
  if (left.length === 0) return;
  const keys = new Set(left.map(({ key }) => key));
  const outputs = (await ledger.outputs()).map(({ key }) => key).filter((key) => keys.has(outputJob(key) ?? ''));
  const inputs = left.map(({ key }) => ledger.inputKey(key));
  await ledger.objects.remove([...outputs, ...inputs, ...left.map(({ key }) => ledger.claimKey(key))]);
}

/** The key of the job that an output belongs to: the folder that S3OutputPathExtension named. */
export const outputJob = (key: string): string | undefined => /\/output\/(?:.*\/)?([0-9a-f]{64})\//.exec(key)?.[1];
