import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { unlessAbsent } from '../../aws/error-name.js';
import { retrying } from '../../aws/retry.js';
import { createdOrThere, described, isAbsentEndpoint, isInProgress, isNotYetVisible } from '../../aws/sagemaker.js';
import { scalable } from '../../aws/scaling.js';
import type { Context } from '../../context.js';
import { Interrupted } from '../../errors.js';
import type { Desired } from '../desired.js';
import { accepted } from '../refusal.js';
import { untilGone } from '../wait.js';

/** False: somebody else has made it meanwhile, or its predecessor is not quite gone. */
export async function create(context: Context, desired: Desired): Promise<boolean> {
  const { clients, signal } = context;
  const sagemaker = await clients.sagemaker();
  const request = { ...requestOf(desired), Tags: desired.tags };
  const ask = () => createdOrThere(sagemaker.createEndpoint(request, { abortSignal: signal }));
  const asked = retrying(context, isNotYetVisible, ask);
  return accepted(`the endpoint ${desired.endpointName}`, unlessStopped(context, desired, asked));
}

/** False: the endpoint was changed meanwhile, by another deploy or by its scaling, or is gone. */
export async function update(context: Context, desired: Desired): Promise<boolean> {
  const { clients, signal } = context;
  const sagemaker = await clients.sagemaker();
  // False: the new model must really start, whatever the count was; scaling takes it down again.
  const request = { ...requestOf(desired), RetainAllVariantProperties: false };
  const asked = retrying(context, isNotYetVisible, () => sagemaker.updateEndpoint(request, { abortSignal: signal }));
  try {
    await accepted(`the update of ${desired.endpointName}`, unlessStopped(context, desired, asked));
    return true;
  } catch (error) {
    const { cause } = error as Error;
    if ([error, cause].some((one) => isInProgress(one) || isAbsentEndpoint(one))) return false;
    throw error;
  }
}

/**
 * Deletes an endpoint that Failed; whether this step or another one does, it is waited for. Its scaling goes first, so that
 * none of it is taken for the scaling of the endpoint that comes in its place.
 */
export async function replace(context: Context, endpoint: DescribeEndpointOutput, deadline: number): Promise<void> {
  const { EndpointName = '' } = endpoint;
  context.log.info(`delete endpoint ${EndpointName}, which Failed, with what is in its queue`);
  await stopScaling(context, EndpointName);
  const sagemaker = await context.clients.sagemaker();
  const asked = sagemaker.deleteEndpoint({ EndpointName }, { abortSignal: context.signal }).catch((error: unknown) => {
    if (!isInProgress(error)) throw error;
  });
  await accepted(`the deletion of ${EndpointName}`, described(asked));
  await untilGone(context, { endpointName: EndpointName, deadline }, endpoint);
}

function requestOf({ endpointName, endpointConfig }: Desired) {
  if (endpointConfig === undefined) throw new Error('The endpoint was asked for before its configuration.');
  return { EndpointName: endpointName, EndpointConfigName: endpointConfig.EndpointConfigName };
}

/** A request that was cut off may have been accepted. */
async function unlessStopped<T>({ signal }: Context, desired: Desired, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!signal.aborted) throw error;
    const { EndpointName, EndpointConfigName } = requestOf(desired);
    throw new Interrupted(
      signal,
      `AWS was just asked to bring the endpoint ${EndpointName} to ${EndpointConfigName}, and goes on with that if it has heard.`,
      'Run the step again: it finds out.',
    );
  }
}

/** Takes the scaling off. Its policies go too; all is put back after the endpoint serves. */
export async function stopScaling({ clients, signal }: Context, endpointName: string): Promise<void> {
  const autoscaling = await clients.autoscaling();
  const request = autoscaling.deregisterScalableTarget(scalable(endpointName), { abortSignal: signal });
  await unlessAbsent(request, 'ObjectNotFoundException');
}
