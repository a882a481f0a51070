import { bucketProblem } from '../../aws/bucket.js';
import { type Objects, openBucket } from '../../aws/objects.js';
import type { Context } from '../../context.js';
import { forEach } from '../../each.js';
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
      const name = desired.weights.uri;
      if (missing.length === 0) return [created('model weights', name, true)];
      const none = missing.length === desired.weights.files.length;
      const fields = none
        ? []
        : missing.map((file) => ({
            field: file.name,
            old: String(found.get(file.name) ?? ''),
            new: String(file.size ?? ''),
          }));
      return [{ resource: 'model weights', name, action: none ? 'create' : 'update', fields }];
    },

    async apply(context, desired, found) {
      const failed = new AbortController();
      const signal = AbortSignal.any([context.signal, failed.signal]);
      const { bucket } = desired.weights;
      const objects = await openBucket(context.clients, bucket, desired.account, signal);
      await forEach(missingFiles(desired, found), FILES_AT_ONCE, (file) =>
        uploadFile(context, objects, desired, weights, file).catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
      );
      return {};
    },
  };
}

/** The parts of each file go up side by side anyway; more at a time serves the small files only. */
const FILES_AT_ONCE = 4;

async function uploadFile(
  { log }: Context,
  objects: Objects,
  { weights: { prefix }, kmsKeyId }: Desired,
  weights: Weights,
  file: WeightFile,
): Promise<void> {
  log.info(`Uploading ${file.name}${file.size === undefined ? '' : ` (${sizeOf(file.size)})`}`);
  const encryption = kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKeyId };
  const properties = { ContentType: 'application/octet-stream', ...encryption };
  const resumed = (parts: number) =>
    log.info(`${file.name}: an earlier run has sent ${parts} parts; they are checked, and not sent again.`);
  await objects.uploadResumably(`${prefix}${file.name}`, () => weights.open(file), properties, resumed);
}

async function readFiles({ clients, signal }: Context, desired: Desired): Promise<FoundFiles> {
  const { bucket, prefix, files, inPlace } = desired.weights;
  if (inPlace) return new Map(files.map(({ name, size }) => [name, size ?? 0]));
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

/** A file whose size is known only once it was made is there when it is there: its name carries its content. */
const missingFiles = ({ weights }: Desired, found: FoundFiles): WeightFile[] =>
  weights.files.filter(({ name, size }) => !found.has(name) || (size !== undefined && found.get(name) !== size));

const sizeOf = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
