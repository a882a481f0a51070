import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import type { Context } from '../context.js';
import { isNamed } from './error-name.js';

/** Whether SageMaker refused a request with these words at their begin. */
const says = (error: unknown, words: string): boolean =>
  isNamed(error, 'ValidationException') && error.message.startsWith(words);

/**
 * SageMaker has no error class for what is absent or there already: it says both by a ValidationException whose text
 * begins with these words (texts: sagemaker-python-sdk, ACK's sagemaker-controller).
 */
const isAbsent = (error: unknown): boolean => says(error, 'Could not find');

const isThere = (error: unknown): boolean => says(error, 'Cannot create already existing');

/** Whether the endpoint itself is absent. A missing configuration begins with the same words. */
export const isAbsentEndpoint = (error: unknown): boolean => says(error, 'Could not find endpoint "');

/** Whether the endpoint is in a change that began after we looked. */
export const isInProgress = (error: unknown): boolean =>
  says(error, 'Cannot update in-progress endpoint') || isNamed(error, 'ResourceInUse', 'ConflictException');

/**
 * Whether what was made a moment ago is not visible yet: a model, a configuration, or the execution role, which IAM
 * makes known within seconds. Weights that are not in S3 have a text of their own.
 */
export const isNotYetVisible = (error: unknown): boolean =>
  isNamed(error, 'ValidationException') &&
  /^(?:Could not find (?:model|endpoint configuration) "|Could not assume role )/.test(error.message);

/** The answer of a Describe request; undefined: there is no such thing. */
export async function described<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/**
 * Creates what may be there already without harm: what is named after its content is the same.
 * Returns whether this request made it.
 */
export async function createdOrThere(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (isThere(error)) return false;
    throw error;
  }
}

/** The endpoint as it is; undefined: there is none. */
export async function describeEndpoint(
  { clients, signal }: Pick<Context, 'clients' | 'signal'>,
  EndpointName: string,
): Promise<DescribeEndpointOutput | undefined> {
  const sagemaker = await clients.sagemaker();
  return described(sagemaker.describeEndpoint({ EndpointName }, { abortSignal: signal }));
}
