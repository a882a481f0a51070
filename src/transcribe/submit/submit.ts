import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { statusOf } from '../../aws/error-name.js';
import { WrongContent } from '../../aws/multipart-upload.js';
import type { Context } from '../../context.js';
import type { Ledger, StoredClaim } from '../../ledger/ledger.js';
import type { Claim, Ending } from '../../ledger/records.js';
import type { Job, OpenJob } from '../job.js';
import { customAttributes } from './attributes.js';
import type { Endpoint } from './endpoint.js';
import { INVOCATION_TIMEOUT_SECONDS, REQUEST_TTL_SECONDS } from './pace.js';

/** What a submission needs besides the job. */
export interface Sender {
  context: Context;
  ledger: Ledger;
  endpoint: Endpoint;
  /** Who we are, in the claims. */
  owner: string;
}

/** What is known of a job that is sent again or taken over. */
export interface Earlier {
  etag: string;
  /** Number of the attempt that is now made. */
  attempt: number;
}

export type Submission =
  | { state: 'sent'; open: OpenJob }
  /** Another run has claimed it. */
  | { state: 'taken' }
  /** Another run has finished it since the ledger was read. */
  | { state: 'done'; ending: Ending }
  | { state: 'changed'; reason: string };

/** Long enough to upload 1 GB; after a kill in between, the file waits no longer than this. */
const STAGING_MILLISECONDS = 15 * 60_000;
const ANSWER_MILLISECONDS = (REQUEST_TTL_SECONDS + INVOCATION_TIMEOUT_SECONDS) * 1000;

/**
 * Sends a job: claim it, upload the audio unless it is `uploaded`, invoke, and write down where the answer will be. The
 * claim comes first, so that of two runs only one sends; the output's name is in it, so that a run that is killed right
 * after the invocation loses nothing.
 */
export async function submit(sender: Sender, job: Job, uploaded: boolean, earlier?: Earlier): Promise<Submission> {
  const { context, ledger } = sender;
  let stored = await ledger.writeClaim(job.key, newClaim(sender, job, earlier?.attempt ?? 1), earlier?.etag);
  if (!stored) return { state: 'taken' };
  try {
    // A result is written before its claim goes, so behind a claim of ours a look is exact.
    const ending = earlier ? undefined : await ledger.readResult(job.key);
    if (ending) {
      await release(ledger, job);
      return { state: 'done', ending };
    }
    if (!uploaded && !(await upload(sender, job))) {
      await release(ledger, job);
      return { state: 'changed', reason: 'It changed while it was read. Run the step again.' };
    }
    stored = await renewed(sender, job, stored);
    if (!stored) return { state: 'taken' };
  } catch (error) {
    await release(ledger, job);
    throw error;
  }
  const places = await invoke(sender, job, stored).catch(async (error: unknown) => {
    // After a refusal nothing is queued. After anything else, something may be: the claim then runs out by itself.
    const status = statusOf(error) ?? 0;
    if (status >= 400 && status < 500) await release(ledger, job);
    throw error;
  });
  const now = context.clock.now();
  const sent: Claim = {
    ...(stored.claim as Claim),
    state: 'sent',
    sent: new Date(now).toISOString(),
    output: places.output,
    ...(places.failure !== undefined && { failure: places.failure }),
    deadline: new Date(now + ANSWER_MILLISECONDS).toISOString(),
  };
  stored = await ledger.writeClaim(job.key, sent, stored.etag);
  return stored ? { state: 'sent', open: { job, stored, ours: true } } : { state: 'taken' };
}

function newClaim({ context, ledger, endpoint, owner }: Sender, { key, audio }: Job, attempt: number): Claim {
  const inferenceId = randomUUID().replaceAll('-', '');
  return {
    version: 1,
    state: 'staged',
    audio: audio.identity,
    inferenceId,
    output: ledger.uri(`${endpoint.prefix}output/${key}/${inferenceId}`),
    owner,
    attempt,
    deadline: new Date(context.clock.now() + STAGING_MILLISECONDS).toISOString(),
  };
}

/** Uploads the audio; false when it is no longer what was examined, and then nothing is there. */
async function upload({ context, ledger }: Sender, { key, audio }: Job): Promise<boolean> {
  if (audio.content.kind !== 'file') return true;
  const content = createReadStream(audio.content.path, { signal: context.signal });
  try {
    await ledger.objects.upload(ledger.inputKey(key), unchanged(content, audio.identity), audio.contentType);
    return true;
  } catch (error) {
    if (error instanceof WrongContent) return false;
    throw error;
  }
}

async function* unchanged(content: AsyncIterable<Buffer>, sha256: string): AsyncIterable<Buffer> {
  const hash = createHash('sha256');
  for await (const part of content) {
    hash.update(part);
    yield part;
  }
  if (hash.digest('hex') !== sha256) throw new WrongContent('It changed while it was read.', 'Run the step again.');
}

/** A claim that may run out before the invocation is made anew; undefined: another run has it by now. */
async function renewed({ context, ledger }: Sender, job: Job, stored: StoredClaim): Promise<StoredClaim | undefined> {
  const claim = stored.claim as Claim;
  const left = Date.parse(claim.deadline) - context.clock.now();
  if (left > STAGING_MILLISECONDS / 2) return stored;
  const deadline = new Date(context.clock.now() + STAGING_MILLISECONDS).toISOString();
  return ledger.writeClaim(job.key, { ...claim, deadline }, stored.etag);
}

async function invoke(sender: Sender, { key, audio }: Job, stored: StoredClaim) {
  const { context, ledger, endpoint } = sender;
  const claim = stored.claim as Claim;
  const runtime = await context.clients.runtime();
  const answer = await runtime.invokeEndpointAsync(
    {
      EndpointName: endpoint.name,
      InputLocation: ledger.uri(ledger.inputKey(key)),
      ContentType: audio.contentType,
      Accept: 'application/json',
      CustomAttributes: customAttributes(audio.options),
      InferenceId: claim.inferenceId,
      S3OutputPathExtension: key,
      Filename: claim.inferenceId,
      RequestTTLSeconds: REQUEST_TTL_SECONDS,
      InvocationTimeoutSeconds: INVOCATION_TIMEOUT_SECONDS,
    },
    { abortSignal: context.signal },
  );
  return { output: answer.OutputLocation ?? claim.output, failure: answer.FailureLocation };
}

const RELEASE_MILLISECONDS = 4000;

/** Gives a claim of ours up after an error, also after an interrupt; if that fails, it runs out by itself. */
async function release(ledger: Ledger, job: Job): Promise<void> {
  const until = AbortSignal.timeout(RELEASE_MILLISECONDS);
  await ledger.objects.remove([ledger.claimKey(job.key)], until).catch(() => undefined);
}
