import { requireBucket } from '../../aws/bucket.js';
import { openBucket } from '../../aws/objects.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import type { ModelSource } from '../../settings/deploy.js';
import { contentHash } from '../content-hash.js';
import { requireModel, type WeightFile, type Weights } from './model-files.js';

type S3Model = Extract<ModelSource, { kind: 's3' }>;

/**
 * Weights that are in S3 already, used where they are.
 * @throws UserError when the bucket is elsewhere or somebody else's, or SageMaker could not use the prefix
 */
export async function s3Weights(context: Context, { bucket, prefix }: S3Model): Promise<Weights> {
  const { account, clients, signal } = context;
  await requireBucket(context, { bucket, account, input: 'model' });
  const objects = await openBucket(clients, bucket, account, signal);
  const files: WeightFile[] = [];
  for await (const page of objects.list(prefix)) {
    for (const { key, size, etag } of page) {
      if (key.endsWith('/')) throw folderObject(bucket, key);
      files.push({ name: key.slice(prefix.length), size, id: etag.replaceAll('"', '') });
    }
  }
  const where = `s3://${bucket}/${prefix}`;
  requireModel(
    files.map(({ name }) => name),
    `The prefix ${where}`,
  );
  const revision = contentHash(files);
  return {
    name: prefix.split('/').filter(Boolean).at(-1) ?? bucket,
    revision,
    key: revision,
    package: 'prefix',
    files,
    inPlace: { bucket, prefix },
    open: () => {
      throw new Error(`${where} is used in place and never copied`);
    },
  };
}

const folderObject = (bucket: string, key: string): UserError =>
  new UserError(
    `s3://${bucket}/ holds the empty object "${key}", which stands for a folder: SageMaker cannot deploy such a prefix.`,
    `Delete that object, for example by \`aws s3api delete-object --bucket ${bucket} --key '${key}'\`; the files under it stay.`,
  );
