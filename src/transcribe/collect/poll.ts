import { isLost } from '../../aws/endpoint-work.js';
import type { ObjectEntry } from '../../aws/objects.js';
import { forEach } from '../../each.js';
import { jobKey } from '../../ledger/key.js';
import type { StoredClaim } from '../../ledger/ledger.js';
import { shown } from '../../shown.js';
import { parseTranscript, type Transcript } from '../../transcript/transcript.js';
import { type Deliver, type OpenJob, outcomeOf } from '../job.js';
import { outputJob, type Staged } from '../stage.js';
import { type Sender, submit } from '../submit/submit.js';
import { parseFailure } from './failure.js';
import type { Progress } from './progress.js';
import { sentAt, type Watch } from './watch.js';

/** Everything that collecting works on. */
export interface Work {
  sender: Sender;
  staged: Staged;
  watch: Watch;
  progress: Progress;
  deliver: Deliver;
}

/** A job is sent this many times at most. */
const MOST_ATTEMPTS = 3;
const CONCURRENCY = 8;

/** One look at the bucket, by three listings, and what follows from it for every open job. */
export async function poll(work: Work): Promise<void> {
  const { ledger } = work.sender;
  // Before the listings: an answer that came in between is in them.
  const doing = await work.watch.work(work.staged.open.values());
  const [outputs, failures] = await Promise.all([ledger.outputs(), ledger.failures()]);
  // Listed last: whoever collects an output writes the result before the claim goes.
  const claims = await ledger.claims();
  const outputOf = new Map(outputs.map((entry) => [outputJob(entry.key), entry]));
  const outputAt = new Map(outputs.map((entry) => [ledger.uri(entry.key), entry]));
  const removals: string[] = [];
  await forEach([...work.staged.open.values()], CONCURRENCY, async (open) => {
    // Where SageMaker said it would be, should it lay out S3OutputPathExtension and Filename in another way.
    const output = outputOf.get(open.job.key) ?? outputAt.get(open.stored.claim?.output ?? '');
    if (output && (await finish(work, open, output, removals))) return;
    const etag = claims.get(open.job.key);
    if (etag === undefined) return gone(work, open);
    if (etag !== open.stored.etag) return changed(work, open);
    const failure = failures.find((entry) => isFailureOf(work, entry, open.stored));
    if (failure) return failed(work, open, failure, removals);
    if (isOver(work, open.stored)) return again(work, open, 'the endpoint gave no answer in time.', removals);
    const sent = sentAt(open);
    if (doing && sent !== undefined && isLost(doing, sent)) return again(work, open, LOST, removals);
  });
  await ledger.objects.remove(removals);
}

/** False: somebody else collected it since the listing. */
async function finish(work: Work, open: OpenJob, output: ObjectEntry, removals: string[]): Promise<boolean> {
  const { ledger } = work.sender;
  const found = await ledger.objects.readText(output.key);
  if (!found) return false;
  let transcript: Transcript;
  try {
    transcript = parseTranscript(found.text);
  } catch (error) {
    const reason = `The endpoint's answer cannot be used: ${(error as Error).message}. Deploy the endpoint again with this version of the action.`;
    await settle(work, open, { state: 'failed', reason }, removals, [output.key]);
    return true;
  }
  // An endpoint that was updated while the request waited answers as what it is by then.
  const { model_revision: modelRevision, transcriber } = transcript;
  const identity = { ...open.job.identity, modelRevision, transcriber };
  await ledger.writeResult(jobKey(identity), identity, { transcript });
  await settle(work, open, { state: 'transcribed', transcript }, removals, [output.key]);
  return true;
}

/** The claim is no more: the job is finished, or its run gave it up. */
async function gone(work: Work, { job, ours }: OpenJob): Promise<void> {
  const ending = await work.sender.ledger.readResult(job.key);
  work.staged.open.delete(job.key);
  if (ending) await work.deliver(job, outcomeOf(ending, ours ? 'transcribed' : 'reused'));
  else work.staged.waiting.push({ job });
}

/** Somebody else wrote the claim. */
async function changed(work: Work, open: OpenJob): Promise<void> {
  const stored = await work.sender.ledger.readClaim(open.job.key);
  if (stored) work.staged.open.set(open.job.key, { ...open, stored, ours: false });
}

function isFailureOf({ sender }: Work, { key }: ObjectEntry, { claim }: StoredClaim): boolean {
  return claim !== undefined && (sender.ledger.uri(key) === claim.failure || key.includes(claim.inferenceId));
}

async function failed(work: Work, open: OpenJob, entry: ObjectEntry, removals: string[]): Promise<void> {
  const { ledger } = work.sender;
  const found = await ledger.objects.readText(entry.key);
  if (!found) return;
  const { verdict, reason } = parseFailure(found.text);
  if (verdict === 'retry') return again(work, open, reason, removals, entry);
  await ledger.writeResult(open.job.key, open.job.identity, { refused: reason });
  await settle(work, open, { state: 'failed', reason, refused: true }, removals, [entry.key]);
}

const isOver = ({ sender }: Work, { claim }: StoredClaim): boolean =>
  claim === undefined || Date.parse(claim.deadline) < sender.context.clock.now();

const LOST = 'its instance was taken away in the middle of the work.';

/** Sends a job once more, or gives it up after the last attempt. A claim that was never sent does not count as one. */
async function again(
  work: Work,
  open: OpenJob,
  reason: string,
  removals: string[],
  entry?: ObjectEntry,
): Promise<void> {
  const { sender, staged, deliver } = work;
  const { claim, etag } = open.stored;
  const attempt = (claim?.attempt ?? 1) + (claim?.state === 'sent' ? 1 : 0);
  const leftover = entry ? [entry.key] : [];
  if (attempt > MOST_ATTEMPTS) {
    const all = `Sent ${MOST_ATTEMPTS} times: ${reason}`;
    return settle(work, open, { state: 'failed', reason: all }, removals, leftover);
  }
  const uploaded = await sender.ledger.objects.exists(sender.ledger.inputKey(open.job.key));
  const submission = await submit(sender, open.job, uploaded, { etag, attempt });
  if (submission.state === 'taken') return;
  removals.push(...leftover);
  if (submission.state === 'sent') {
    sender.context.log.info(shown(`${open.job.audio.path} is sent again: ${reason}`));
    staged.open.set(open.job.key, submission.open);
  } else if (submission.state === 'done') {
    staged.open.delete(open.job.key);
    await deliver(open.job, outcomeOf(submission.ending, 'reused'));
  } else {
    staged.open.delete(open.job.key);
    await deliver(open.job, { state: 'failed', reason: submission.reason });
  }
}

/** The job is over: its claim, its audio and what SageMaker wrote for it are not needed any more. */
async function settle(
  { sender: { ledger }, staged, deliver }: Work,
  { job }: OpenJob,
  outcome: Parameters<Deliver>[1],
  removals: string[],
  written: string[],
): Promise<void> {
  removals.push(...written, ledger.inputKey(job.key), ledger.claimKey(job.key));
  staged.open.delete(job.key);
  staged.uploads.delete(job.key);
  await deliver(job, outcome);
}
