import type { LifecycleRule } from '@aws-sdk/client-s3';
import { isNamed, unlessAbsent } from '../../aws/error-name.js';
import { openBucket } from '../../aws/objects.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { TAG } from '../desired.js';
import { rulesFor, SHARED_RULE } from '../resources/bucket.js';
import { deletion, type Finding, type Removal } from './removal.js';
import type { Scope } from './scope.js';

/**
 * The bucket, when it is our own, nothing is left in it and no other endpoint uses it: each has its life-cycle rules
 * there. Else just this endpoint's rules. A bucket that was given stays as it is.
 * @param going keys of all objects that go before
 */
export async function findBucket(context: Context, scope: Scope, going: ReadonlySet<string>): Promise<Finding> {
  const { name, ours } = scope.bucket;
  const { versioning, isTagged, rules } = await readBucket(context, scope);
  const versions =
    versioning === undefined
      ? []
      : [
          `Versions of what is removed from the bucket ${name} stay, and cost, until you remove them: its versioning is ${versioning}.`,
        ];
  const staying = (why: string) => [...versions, `The bucket ${name} stays: ${why}.`];
  if (!ours) return { removals: [], stays: staying('it was given') };
  if (!isTagged) return { removals: [], stays: staying(`this action did not make it, it has no tag ${TAG}`) };
  const mine = rulesFor(scope).filter(({ ID }) => ID !== SHARED_RULE.ID);
  const rest = rules.filter(({ ID }) => !mine.some((rule) => rule.ID === ID));
  const others = rest.filter(({ ID }) => ID !== SHARED_RULE.ID);
  const reason =
    others.length > 0
      ? `its life-cycle rule ${others[0]?.ID} says that it is used`
      : await whatIsLeft(context, scope, going, versioning);
  if (reason === undefined) return { removals: [bucketRemoval(context, scope)], stays: [] };
  return {
    removals: rest.length < rules.length ? [rulesRemoval(context, scope, rest)] : [],
    stays: staying(reason),
  };
}

async function readBucket({ clients, signal }: Context, { bucket: { name, ours }, account }: Scope) {
  const s3 = await clients.s3();
  const at = { Bucket: name, ExpectedBucketOwner: account };
  const options = { abortSignal: signal };
  const [{ Status }, tags, lifecycle] = await Promise.all([
    s3.getBucketVersioning(at, options),
    ours ? unlessAbsent(s3.getBucketTagging(at, options), 'NoSuchTagSet') : undefined,
    ours ? unlessAbsent(s3.getBucketLifecycleConfiguration(at, options), 'NoSuchLifecycleConfiguration') : undefined,
  ]);
  return {
    /** Undefined: never switched on. */
    versioning: Status,
    isTagged: tags?.TagSet?.some(({ Key }) => Key === TAG) ?? false,
    rules: lifecycle?.Rules ?? [],
  };
}

/** Undefined: nothing. */
async function whatIsLeft(
  { clients, signal }: Context,
  { bucket: { name }, account }: Scope,
  going: ReadonlySet<string>,
  versioning: string | undefined,
): Promise<string | undefined> {
  if (versioning !== undefined) return 'it keeps versions';
  const objects = await openBucket(clients, name, account, signal);
  for await (const page of objects.list('')) {
    const left = page.find(({ key }) => !going.has(key));
    if (left) return `${left.key} is in it`;
  }
  return undefined;
}

function rulesRemoval({ clients, signal }: Context, { bucket, account }: Scope, rest: LifecycleRule[]): Removal {
  return {
    changes: [deletion('life-cycle rules', bucket.name)],
    async remove() {
      const s3 = await clients.s3();
      const at = { Bucket: bucket.name, ExpectedBucketOwner: account };
      const options = { abortSignal: signal };
      // S3 takes no configuration without rules.
      if (rest.length === 0) await s3.deleteBucketLifecycle(at, options);
      else await s3.putBucketLifecycleConfiguration({ ...at, LifecycleConfiguration: { Rules: rest } }, options);
    },
  };
}

function bucketRemoval({ clients, signal }: Context, { bucket: { name }, account }: Scope): Removal {
  return {
    changes: [deletion('bucket', name)],
    async remove() {
      const s3 = await clients.s3();
      const request = s3.deleteBucket({ Bucket: name, ExpectedBucketOwner: account }, { abortSignal: signal });
      try {
        await unlessAbsent(request, 'NoSuchBucket');
      } catch (error) {
        if (!isNamed(error, 'BucketNotEmpty')) throw error;
        throw new UserError(
          `The bucket ${name} is not empty any more: something was written to it meanwhile.`,
          'Run the step again: what is not of this endpoint then stays, and the bucket with it.',
          { cause: error },
        );
      }
    },
  };
}
