import { described, isInProgress } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { untilSteady, type Wait } from '../wait.js';

/** Milliseconds between two tries, and in which DescribeEndpoint may still answer with what was before our request. */
const PAUSE = 3_000;
const STALE = 60_000;

/**
 * Deletes the endpoint and waits until it is gone; also one that is being deleted already. In every status: those that
 * pass, in which SageMaker refuses, are waited out.
 * @throws UserError when the deadline passes, or SageMaker cannot delete it
 */
export async function removeEndpoint(context: Context, wait: Wait): Promise<void> {
  const { clock, signal } = context;
  let asked: number | undefined;
  for (;;) {
    const left = await untilSteady(context, wait);
    if (!left) return;
    if (asked !== undefined && clock.now() - asked > STALE) {
      throw new UserError(
        `SageMaker did not delete the endpoint ${wait.endpointName}: it is ${left.EndpointStatus}. Reason given: ${left.FailureReason ?? 'none'}`,
        'Run the step again. If it happens again, ask AWS Support: the endpoint costs as long as it is there.',
      );
    }
    if (asked === undefined && (await isTaken(context, wait))) asked = clock.now();
    await clock.sleep(PAUSE, signal);
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
