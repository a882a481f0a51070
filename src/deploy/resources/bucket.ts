import type { BucketLocationConstraint, LifecycleRule, PublicAccessBlockConfiguration, S3 } from '@aws-sdk/client-s3';
import { headBucket, requireBucket } from '../../aws/bucket.js';
import { isNamed, unlessAbsent } from '../../aws/error-name.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { created, updated } from '../changes.js';
import { type Desired, TAG } from '../desired.js';
import { differences } from '../difference.js';
import type { Resource } from '../resource.js';

/** Days after which what a run left behind goes by itself: no job lives longer than a day. */
const LEFTOVER_DAYS = 30;

const ALL_BLOCKED = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

interface FoundBucket {
  publicAccess: PublicAccessBlockConfiguration;
  rules: LifecycleRule[];
}

/** A bucket that was given is used as it is, rules and all; only one of our own is made and kept in shape. */
export const bucket: Resource<FoundBucket | undefined> = {
  async read(context, desired) {
    const { name, ours } = desired.bucket;
    const wanted = { bucket: name, account: desired.account, input: 'bucket' };
    if (!ours) {
      await requireBucket(context, wanted);
      return undefined;
    }
    return (await headBucket(context, wanted)) ? readOurs(context, desired) : undefined;
  },

  compare(desired, found) {
    const { name, ours } = desired.bucket;
    if (!ours) return [created('bucket', name, true)];
    if (!found) return [created('bucket', name, false)];
    const fields = [
      ...differences(ALL_BLOCKED, found.publicAccess, 'PublicAccessBlock'),
      ...differences(rulesById(rulesFor(desired)), rulesById(found.rules), 'Lifecycle'),
    ];
    return [updated('bucket', name, fields)];
  },

  async apply({ clients, signal }, desired, found) {
    const s3 = await clients.s3();
    const options = { abortSignal: signal };
    if (!found) await create(s3, desired, options);
    const at = { Bucket: desired.bucket.name, ExpectedBucketOwner: desired.account };
    await s3.putPublicAccessBlock({ ...at, PublicAccessBlockConfiguration: ALL_BLOCKED }, options);
    const ours = rulesFor(desired);
    // The call replaces all rules, and other endpoints share the bucket.
    const others = (found?.rules ?? []).filter(({ ID }) => !ours.some((rule) => rule.ID === ID));
    const LifecycleConfiguration = { Rules: [...others, ...ours] };
    await s3.putBucketLifecycleConfiguration({ ...at, LifecycleConfiguration }, options);
    return {};
  },
};

async function readOurs({ clients, signal }: Context, { bucket, account }: Desired): Promise<FoundBucket> {
  const s3 = await clients.s3();
  const at = { Bucket: bucket.name, ExpectedBucketOwner: account };
  const options = { abortSignal: signal };
  const [tags, block, lifecycle] = await Promise.all([
    unlessAbsent(s3.getBucketTagging(at, options), 'NoSuchTagSet'),
    unlessAbsent(s3.getPublicAccessBlock(at, options), 'NoSuchPublicAccessBlockConfiguration'),
    unlessAbsent(s3.getBucketLifecycleConfiguration(at, options), 'NoSuchLifecycleConfiguration'),
  ]);
  if (!tags?.TagSet?.some(({ Key }) => Key === TAG)) {
    throw new UserError(
      `The bucket ${bucket.name} exists, but was not made by this action: it has no tag ${TAG}.`,
      'Set the input `bucket` to use it as it is, or tag it to hand it over.',
    );
  }
  return { publicAccess: block?.PublicAccessBlockConfiguration ?? {}, rules: lifecycle?.Rules ?? [] };
}

/** The tag comes with the bucket, so that no interrupted run leaves one behind that the next run takes for a stranger's. */
async function create(s3: S3, desired: Desired, options: { abortSignal: AbortSignal }): Promise<void> {
  const { bucket, region, tags, account } = desired;
  // us-east-1 is the one region that must not be named.
  const place = region === 'us-east-1' ? {} : { LocationConstraint: region as BucketLocationConstraint };
  try {
    await s3.createBucket({ Bucket: bucket.name, CreateBucketConfiguration: { ...place, Tags: tags } }, options);
  } catch (error) {
    // Another deploy made it at the same time.
    if (!isNamed(error, 'BucketAlreadyOwnedByYou')) throw error;
  }
  await s3.putBucketEncryption(
    {
      Bucket: bucket.name,
      ExpectedBucketOwner: account,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    },
    options,
  );
}

/** The one rule that all endpoints of a bucket share. */
export const SHARED_RULE: LifecycleRule = {
  ID: 'incomplete-uploads',
  Status: 'Enabled',
  Filter: { Prefix: '' },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
};

/** What a run that was killed leaves behind: parts of uploads, audio, answers and claims. Models and results stay. */
export function rulesFor({ endpointName, folder: root }: Pick<Desired, 'endpointName' | 'folder'>): LifecycleRule[] {
  return [
    SHARED_RULE,
    ...['input', 'output', 'failure', 'jobs'].map(
      (folder): LifecycleRule => ({
        ID: `${endpointName}-${folder}`,
        Status: 'Enabled',
        Filter: { Prefix: `${root}${folder}/` },
        Expiration: { Days: LEFTOVER_DAYS },
      }),
    ),
  ];
}

const rulesById = (rules: LifecycleRule[]): Record<string, LifecycleRule> =>
  Object.fromEntries(rules.map((rule) => [rule.ID ?? '', rule]));
