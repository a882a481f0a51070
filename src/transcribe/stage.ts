import { forEach } from '../each.js';
import { type Identity, jobKey } from '../ledger/key.js';
import type { Ledger } from '../ledger/ledger.js';
import type { TranscribeSettings } from '../settings/transcribe.js';
import type { Audio } from './audio.js';
import { type Job, jobsOf, type OpenJob, outcomeOf } from './job.js';
import type { Delivery } from './publish/deliver.js';

/** What is known of a job that is sent again or taken over. */
export interface Earlier {
  /** Of its claim. */
  etag: string;
  /** Number of the attempt that is made next. */
  attempt: number;
  /** Why another one is made, in words. */
  reason: string;
  /** S3 key of the failure object, which is not needed once the job is sent. */
  leftover?: string;
}

/** A job that is not with the endpoint. */
export interface WaitingJob {
  job: Job;
  /** Set when a claim of it is there that is to be replaced. */
  earlier?: Earlier;
  /** It has ended before, and that does not count. */
  again?: boolean;
}

/** What is left to do once the ledger has been read. */
export interface Staged {
  waiting: WaitingJob[];
  /** By key. */
  open: Map<string, OpenJob>;
  /** Keys of the jobs whose audio is uploaded. */
  uploads: Set<string>;
  /** Claims of other jobs than these, and results, as last listed. */
  elsewhere: number;
  results: number;
  /** Files that keep a transcript which another model or other options made. */
  kept: number;
}

/** What the bucket has, as last listed. */
export interface Inventory {
  /** Keys of the jobs that have ended for good. */
  finished: Set<string>;
  claims: Awaited<ReturnType<Ledger['claims']>>;
  /** Keys of the jobs whose audio is uploaded. */
  uploads: Set<string>;
}

/** Three listings, of a request for each thousand objects. */
export async function takeInventory(ledger: Ledger): Promise<Inventory> {
  const [finished, claims, uploads] = await Promise.all([ledger.finished(), ledger.claims(), ledger.uploads()]);
  return { finished, claims, uploads };
}

export interface Staging {
  ledger: Ledger;
  settings: Pick<TranscribeSettings, 'redo' | 'retryFailed'>;
  delivery: Delivery;
  /** All that the transcript of an audio file depends on. */
  identityOf(audio: Pick<Audio, 'identity' | 'options'>): Identity;
}

const CONCURRENCY = 16;

/**
 * Sorts the audio by what the ledger knows of it: what is finished is delivered without a word to the endpoint, what was
 * refused fails as it did before (unless `retry-failed`), what is claimed is waited for, and the rest waits. One request
 * for each transcript that is not in the workspace yet, and for each claim.
 * @param inventory what was done since it was taken is found out about when a job is sent
 */
export async function stage(
  staging: Staging,
  audio: readonly Audio[],
  { finished, claims, uploads }: Inventory,
): Promise<Staged> {
  const { ledger, settings, delivery } = staging;
  const jobs = jobsOf(audio, staging.identityOf, (file) => keptKey(staging, file, finished));
  const staged: Staged = {
    waiting: [],
    open: new Map(),
    uploads,
    elsewhere: 0,
    results: finished.size,
    kept: keptFiles(jobs),
  };
  const over: Job[] = [];
  await forEach(jobs, CONCURRENCY, async (job) => {
    const isFinished = finished.has(job.key);
    if (claims.has(job.key) && !(await isLeftover(ledger, job, isFinished, over))) {
      const stored = await ledger.readClaim(job.key);
      // One that has just gone is found out about in the first poll.
      staged.open.set(job.key, { job, stored: stored ?? { claim: undefined, etag: '' }, ours: false });
    } else if (settings.redo === 'all') {
      await wait(staged, delivery, { job, again: isFinished });
    } else if (!isFinished) {
      await wait(staged, delivery, { job });
    } else if (!(await delivery.keep(job, settings.retryFailed))) {
      const ending = await ledger.readResult(job.key);
      if (!ending || ('refused' in ending && settings.retryFailed)) await wait(staged, delivery, { job, again: true });
      else await delivery.deliver(job, outcomeOf(ending, 'reused'));
    }
  });
  await sweep(ledger, over);
  staged.elsewhere = claims.size - over.length - staged.open.size;
  const order = new Map(jobs.map(({ key }, index) => [key, index]));
  staged.waiting.sort((a, b) => (order.get(a.job.key) ?? 0) - (order.get(b.job.key) ?? 0));
  return staged;
}

/** With `redo: never` a file keeps the transcript that it has, whatever model and options made it. */
function keptKey({ settings, delivery }: Staging, file: Audio, finished: ReadonlySet<string>): string | undefined {
  const key = settings.redo === 'never' ? delivery.earlierKey(file) : undefined;
  return key !== undefined && finished.has(key) ? key : undefined;
}

const keptFiles = (jobs: readonly Job[]): number =>
  jobs.filter(({ key, identity }) => key !== jobKey(identity)).reduce((sum, { files }) => sum + files.length, 0);

const NOT_FETCHED =
  'It is a Git LFS pointer, not the audio, and it has no transcript yet. Set lfs: true for actions/checkout.';

/** A pointer is enough to find a transcript by, and too little to send. Of two names for one audio, one may be fetched. */
async function wait({ waiting }: Staged, { deliver }: Delivery, { job, again }: WaitingJob): Promise<void> {
  const audio = job.files.find(({ content }) => content.kind !== 'pointer');
  if (!audio) await deliver(job, { state: 'failed', reason: NOT_FETCHED });
  else waiting.push({ job: { ...job, audio, key: jobKey(job.identity) }, ...(again === true && { again }) });
}

/** Whether a claim was left by a run that was killed between writing a result and tidying up. */
async function isLeftover(ledger: Ledger, job: Job, isFinished: boolean, over: Job[]): Promise<boolean> {
  if (!isFinished) return false;
  const claim = (await ledger.readClaim(job.key))?.claim;
  if (claim?.again === true) return false;
  over.push(job);
  return true;
}

async function sweep(ledger: Ledger, over: readonly Job[]): Promise<void> {
  if (over.length === 0) return;
  const keys = new Set(over.map(({ key }) => key));
  const outputs = (await ledger.outputs()).map(({ key }) => key).filter((key) => keys.has(outputJob(key) ?? ''));
  const own = [...keys].flatMap((key) => [ledger.inputKey(key), ledger.claimKey(key)]);
  await ledger.objects.remove([...outputs, ...own]);
}

/** The key of the job that an output belongs to: the folder that S3OutputPathExtension named. */
export const outputJob = (key: string): string | undefined => /\/output\/(?:.*\/)?([0-9a-f]{64})\//.exec(key)?.[1];
