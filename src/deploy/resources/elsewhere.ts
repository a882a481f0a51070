import { isNamed } from '../../aws/error-name.js';
import { UserError } from '../../errors.js';
import type { Desired } from '../desired.js';

/**
 * An answer of ECR about the image's repository. In another account nothing is made, so that one has to be there; an
 * account that shares nothing denies access and does not say whether it has it.
 * @throws UserError when the repository is in another account and not to be seen
 */
export async function sharedRepository<T>(request: Promise<T>, { image, account }: Desired): Promise<T> {
  const { registryId, repository } = image;
  try {
    return await request;
  } catch (error) {
    const elsewhere = registryId !== undefined && registryId !== account;
    if (!elsewhere || !isNamed(error, 'RepositoryNotFoundException', 'AccessDeniedException')) throw error;
    throw new UserError(
      `The account ${registryId} shares no ECR repository ${repository} with this one: ${error.message}.`,
      `Check the input \`${image.kind === 'given' ? 'image-uri' : 'ecr-repository'}\`. The repository has to be there, with a policy that lets this account describe, pull and push (see docs/image.md).`,
      { cause: error },
    );
  }
}
