import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import { isNamed, statusOf } from './error-name.js';

export interface WantedBucket {
  bucket: string;
  account: string;
  /** The input that names the bucket. */
  input: string;
}

/**
 * Asks for a bucket's head, as its owner expects to be.
 * @returns false when there is no such bucket
 * @throws UserError when it is another account's, or in another region
 */
export async function headBucket(context: Pick<Context, 'clients' | 'signal'>, wanted: WantedBucket): Promise<boolean> {
  const { clients, signal } = context;
  const s3 = await clients.s3();
  try {
    const { BucketRegion } = await s3.headBucket(
      { Bucket: wanted.bucket, ExpectedBucketOwner: wanted.account },
      { abortSignal: signal },
    );
    if (BucketRegion !== undefined && BucketRegion !== clients.region)
      throw elsewhere(wanted, BucketRegion, clients.region);
    return true;
  } catch (error) {
    const problem = bucketProblem(error, wanted, clients.region);
    if (problem === 'absent') return false;
    throw problem ?? error;
  }
}

/** @throws UserError also when there is no such bucket */
export async function requireBucket(context: Pick<Context, 'clients' | 'signal'>, wanted: WantedBucket): Promise<void> {
  if (await headBucket(context, wanted)) return;
  throw new UserError(
    `There is no bucket ${wanted.bucket} (input \`${wanted.input}\`).`,
    wanted.input === 'bucket'
      ? `Create it in ${context.clients.region}, or leave the input empty: then a bucket is created.`
      : 'Check the name of the bucket.',
  );
}

/**
 * What S3's answer to a request for a bucket means; undefined: nothing that concerns the bucket.
 * A HEAD answer has no body: S3 says what is wrong by its status, and the region by a header.
 */
export function bucketProblem(error: unknown, wanted: WantedBucket, region: string): UserError | 'absent' | undefined {
  if (error instanceof UserError) return error;
  if (isNamed(error, 'NotFound', 'NoSuchBucket') || statusOf(error) === 404) return 'absent';
  if (statusOf(error) === 301 || isNamed(error, 'PermanentRedirect')) return elsewhere(wanted, regionIn(error), region);
  if (statusOf(error) === 400 && isNamed(error, 'AuthorizationHeaderMalformed', '400')) {
    return elsewhere(wanted, regionIn(error), region);
  }
  if (statusOf(error) === 403) {
    return new UserError(
      `S3 refuses access to the bucket ${wanted.bucket} (input \`${wanted.input}\`): it belongs to another account than ${wanted.account}, or the role of this job may not list it.`,
      `Take a bucket of the account ${wanted.account}, and allow s3:ListBucket on arn:aws:s3:::${wanted.bucket} (see docs/rights.md).`,
      { cause: error },
    );
  }
  return undefined;
}

function regionIn(error: unknown): string | undefined {
  const response = (error as { $response?: { headers?: Record<string, string> } }).$response;
  return response?.headers?.['x-amz-bucket-region'];
}

const elsewhere = ({ bucket, input }: WantedBucket, found: string | undefined, wanted: string): UserError =>
  new UserError(
    `The bucket ${bucket} (input \`${input}\`) is in ${found ?? 'another region'}, the endpoint is to be in ${wanted}.`,
    'Take a bucket in the region of the endpoint: SageMaker reads and writes no other.',
  );
