import { isNamed } from './error-name.js';

/**
 * SageMaker has no error class for what is absent or there already: it says both by a ValidationException whose text
 * begins with these words (texts: sagemaker-python-sdk, ACK's sagemaker-controller).
 */
const isAbsent = (error: unknown): boolean =>
  isNamed(error, 'ValidationException') && error.message.startsWith('Could not find');

const isThere = (error: unknown): boolean =>
  isNamed(error, 'ValidationException') && error.message.startsWith('Cannot create already existing');

/** Whether the endpoint is in a change that began after we looked. */
export const isInProgress = (error: unknown): boolean =>
  isNamed(error, 'ValidationException') && error.message.startsWith('Cannot update in-progress endpoint');

/** Whether what was made a moment ago is not visible yet. Weights that are not in S3 have a text of their own. */
export const isNotYetVisible = (error: unknown): boolean =>
  isNamed(error, 'ValidationException') && /^Could not find (?:model|endpoint configuration) "/.test(error.message);

/** The answer of a Describe request; undefined: there is no such thing. */
export async function described<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Creates what may be there already without harm: what is named after its content is the same. */
export async function createdOrThere(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isThere(error)) throw error;
  }
}
