import { type ObjectEntry, openBucket } from '../../aws/objects.js';
import { jobKey } from '../../ledger/key.js';
import { parseTranscript, type Transcript } from '../../transcript/transcript.js';
import type { Job, OpenJob, Outcome } from '../job.js';
import { loadOf } from '../submit/pace.js';
import { sentAt } from './watch.js';
import type { PacedWork } from './work.js';

/** S3 keys that are not needed any more; they go together, after a poll. */
export interface Tidying {
  removals: string[];
}

const REPLACED = 'It was replaced in the bucket while it was transcribed. Run the step again.';

/** Saves an answer and hands it over. False: somebody else collected it since the listing. */
export async function finish(work: PacedWork, open: OpenJob, output: ObjectEntry, tidying: Tidying): Promise<boolean> {
  const { ledger } = work.sender;
  const found = await ledger.objects.readText(output.key);
  if (!found) return false;
  const end = (outcome: Outcome) => settle(work, open, outcome, [output.key], tidying);
  const fail = (reason: string) => end({ state: 'failed', reason }).then(() => true);
  let transcript: Transcript;
  try {
    transcript = parseTranscript(found.text);
  } catch (error) {
    const remedy = 'Deploy the endpoint again with this version of the action.';
    return fail(`The endpoint's answer cannot be used: ${(error as Error).message}. ${remedy}`);
  }
  if (await isReplaced(work, open.job)) return fail(REPLACED);
  // An endpoint that was updated while the request waited answers as what it is by then.
  const { model_revision: modelRevision, transcriber } = transcript;
  const identity = { ...open.job.identity, modelRevision, transcriber };
  await ledger.writeResult(jobKey(identity), identity, { transcript });
  const sent = sentAt(open);
  if (open.ours && sent !== undefined) notePace(work, open.job, sent);
  await end({
    state: 'transcribed',
    transcript,
    ...(sent !== undefined && { timing: { sent, answered: output.modified } }),
  });
  return true;
}

/** Audio that lies in S3 is read by SageMaker after we looked at it. */
async function isReplaced({ sender: { context } }: PacedWork, { audio: { content } }: Job): Promise<boolean> {
  if (content.kind !== 'object') return false;
  const { clients, account, signal } = context;
  const objects = await openBucket(clients, content.bucket, account, signal);
  return (await objects.etagOf(content.key)) !== content.etag;
}

function notePace({ pace, sender }: PacedWork, { audio }: Job, sent: number): void {
  pace.load += loadOf(audio);
  pace.from = Math.min(pace.from, sent);
  pace.to = sender.context.clock.now();
}

/** The container refused it, and would again: that is remembered. */
export async function refuse(
  work: PacedWork,
  open: OpenJob,
  reason: string,
  failure: ObjectEntry,
  tidying: Tidying,
): Promise<void> {
  await work.sender.ledger.writeResult(open.job.key, open.job.identity, { refused: reason });
  await settle(work, open, { state: 'failed', reason, refused: 'now' }, [failure.key], tidying);
}

/** The job is over: its claim, its audio and what SageMaker wrote for it are not needed any more. */
export async function settle(
  { settings, sender: { ledger }, staged, deliver }: PacedWork,
  { job }: OpenJob,
  outcome: Outcome,
  written: readonly string[],
  tidying: Tidying,
): Promise<void> {
  // The claim goes last: who finds one without an answer waits for it.
  tidying.removals.push(
    ...written,
    ...(settings.keepAudio ? [] : [ledger.inputKey(job.key)]),
    ledger.claimKey(job.key),
  );
  staged.open.delete(job.key);
  if (!settings.keepAudio) staged.uploads.delete(job.key);
  await deliver(job, outcome);
}
