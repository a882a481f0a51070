import { isNamed } from '../aws/error-name.js';
import { UserError } from '../errors.js';
import { likelyCause } from './causes.js';

/**
 * SageMaker's answer to a request that makes something. It checks role, image and weights at once, and says what is
 * wrong in the text of a ValidationException.
 * @param what for people, such as `the model whisper-1`
 * @throws UserError with the likely cause
 */
export async function accepted<T>(what: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!isNamed(error, 'ValidationException')) throw error;
    const known = likelyCause(error.message);
    throw new UserError(
      `SageMaker refuses ${what}: ${error.message}${known ? `\nLikely cause: ${known.cause}` : ''}`,
      known?.remedy ?? 'Compare the inputs of this step with what the message says.',
      { cause: error },
    );
  }
}
