import { described, isInProgress } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { untilGone, untilSteady, type Wait } from '../wait.js';

/** Milliseconds after which a refused request is made again: DescribeEndpoint can still tell what was before. */
const STALE_PAUSE = 3_000;

/**
 * Deletes the endpoint and waits until it is gone; also one that is being deleted already. In every status: those that
 * pass, in which SageMaker refuses, are waited out.
 * @throws UserError when the deadline passes, or another run makes the endpoint again
 */
export async function removeEndpoint(context: Context, wait: Wait): Promise<void> {
  let asked = false;
  for (;;) {
    const endpoint = await untilSteady(context, wait);
    if (!endpoint) return;
    if (asked) {
      throw new UserError(
        `The endpoint ${wait.endpointName} was deleted, and another run has made it again meanwhile.`,
        'Run the step again when no deploy runs; one `concurrency` group for both keeps them apart.',
      );
    }
    asked = await isTaken(context, wait);
    if (asked) await untilGone(context, wait, endpoint);
    else await context.clock.sleep(STALE_PAUSE, context.signal);
  }
}

/** Whether SageMaker takes the request to delete it: scaling can set the endpoint to Updating at any moment. */
async function isTaken({ clients, clock, signal }: Context, { endpointName, deadline }: Wait): Promise<boolean> {
  const sagemaker = await clients.sagemaker();
  try {
    await described(sagemaker.deleteEndpoint({ EndpointName: endpointName }, { abortSignal: signal }));
    return true;
  } catch (error) {
    if (!isInProgress(error) || clock.now() >= deadline) throw error;
    return false;
  }
}
