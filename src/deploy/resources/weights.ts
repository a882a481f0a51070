import { Readable } from 'node:stream';
import { bucketProblem } from '../../aws/bucket.js';
import { openBucket } from '../../aws/objects.js';
import type { Context } from '../../context.js';
import { created } from '../changes.js';
import type { Desired } from '../desired.js';
import type { Resource } from '../resource.js';
import type { WeightFile, Weights } from '../weights/model-files.js';

/** Bytes by file name: what is under the prefix already. */
type FoundFiles = ReadonlyMap<string, number>;

/**
 * The weights under a prefix that carries their content hash. A file that is there with its size is complete: S3 shows
 * an upload only once all of it has come.
 */
export function weightsResource(weights: Weights): Resource<FoundFiles> {
  return {
    read: readFiles,

    compare(desired, found) {
      const missing = missingFiles(desired, found);
      const name = `s3://${desired.weights.bucket}/${desired.weights.prefix}`;
      if (missing.length === 0) return [created('model weights', name, true)];
      const none = missing.length === desired.weights.files.length;
      const fields = none
        ? []
        : missing.map((file) => ({
            field: file.name,
            old: String(found.get(file.name) ?? ''),
            new: String(file.size),
          }));
      return [{ resource: 'model weights', name, action: none ? 'create' : 'update', fields }];
    },

    async apply(context, desired, found) {
      const { bucket, prefix } = desired.weights;
      const objects = await openBucket(context.clients, bucket, desired.account, context.signal);
      // One after the other: one upload fills the line, and memory holds the parts of one only.
      for (const file of missingFiles(desired, found)) {
        context.log.info(`Uploading ${file.name} (${megabytes(file.size)})`);
        const content = Readable.from(weights.open(file), { objectMode: false });
        await objects.upload(`${prefix}${file.name}`, content, file.size, 'application/octet-stream');
      }
      return {};
    },
  };
}

async function readFiles({ clients, signal }: Context, desired: Desired): Promise<FoundFiles> {
  const { bucket, prefix, files, inPlace } = desired.weights;
  if (inPlace) return new Map(files.map(({ name, size }) => [name, size]));
  const objects = await openBucket(clients, bucket, desired.account, signal);
  const found = new Map<string, number>();
  try {
    for await (const page of objects.list(prefix)) {
      for (const { key, size } of page) found.set(key.slice(prefix.length), size);
    }
  } catch (error) {
    const problem = bucketProblem(error, { bucket, account: desired.account, input: 'bucket' }, desired.region);
    if (problem !== 'absent') throw problem ?? error;
  }
  return found;
}

const missingFiles = ({ weights }: Desired, found: FoundFiles): WeightFile[] =>
  weights.files.filter(({ name, size }) => found.get(name) !== size);

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
