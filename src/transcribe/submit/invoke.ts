import { statusOf } from '../../aws/error-name.js';
import { isPassingTrouble, isThrottled, retrying } from '../../aws/retry.js';
import type { Claim } from '../../ledger/records.js';
import type { Job } from '../job.js';
import { customAttributes } from './attributes.js';
import type { Accepted } from './claim.js';
import { inputLocation } from './input-location.js';
import { invocationTimeout, LONGEST_INVOCATION_SECONDS, REQUEST_TTL_SECONDS } from './pace.js';
import type { Sender } from './sender.js';

/** Nothing was queued: too many requests, or a service that says it is not there. */
const isTurnedAway = (error: unknown): boolean => isThrottled(error) || statusOf(error) === 503;

/**
 * Asks SageMaker to transcribe a job's audio. Undefined: it may have been queued, or not, as the answer was lost or an
 * internal error. It is not asked again then: a request that is queued twice is paid for twice.
 * @throws Error when nothing was queued
 */
export async function invoke(sender: Sender, job: Job, record: Claim): Promise<Accepted | undefined> {
  const { context, ledger, endpoint, grace } = sender;
  const { key, audio } = job;
  // A header may tell too short a length: an invocation that failed gets all the time there is.
  const timeout = record.attempt === 1 ? invocationTimeout(audio.seconds) : LONGEST_INVOCATION_SECONDS;
  const request = {
    EndpointName: endpoint.name,
    InputLocation: inputLocation(ledger, job),
    ContentType: audio.contentType,
    Accept: 'application/json',
    CustomAttributes: customAttributes(audio.options),
    InferenceId: record.inferenceId,
    S3OutputPathExtension: key,
    Filename: record.inferenceId,
    RequestTTLSeconds: REQUEST_TTL_SECONDS,
    InvocationTimeoutSeconds: timeout,
  };
  const runtime = await context.clients.runtimeOnce();
  try {
    const ask = () => runtime.invokeEndpointAsync(request, { abortSignal: grace });
    const { OutputLocation, FailureLocation } = await retrying(context, isTurnedAway, ask);
    return { at: context.clock.now(), output: OutputLocation, failure: FailureLocation };
  } catch (error) {
    if (grace.aborted || (isPassingTrouble(error) && !isTurnedAway(error))) return undefined;
    throw error;
  }
}
