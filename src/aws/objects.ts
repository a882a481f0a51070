import type { S3 } from '@aws-sdk/client-s3';
import type { Clients } from './clients.js';
import { statusOf } from './error-name.js';
import { type Properties, upload, uploadResumably } from './multipart-upload.js';
import { PartBuffers } from './parts.js';

/** An object in a listing. `etag` is quoted, as S3 gives it and as conditions want it. */
export interface ObjectEntry {
  key: string;
  etag: string;
  size: number;
  /** Milliseconds since the epoch. */
  modified: number;
}

/** When to write: only where nothing is yet, or only over the version with this ETag. */
export type Condition = 'absent' | { etag: string };

/** The objects of one bucket. Every request names the bucket's owner, so that nobody else's bucket is ever used. */
export interface Objects {
  readonly bucket: string;
  /** Undefined: there is none. */
  readText(key: string): Promise<{ text: string; etag: string } | undefined>;
  /** Writes UTF-8. Returns the new ETag; undefined: the condition does not hold. */
  writeText(key: string, text: string, contentType: string, condition?: Condition): Promise<string | undefined>;
  exists(key: string): Promise<boolean>;
  /** Quoted. Undefined: there is none. */
  etagOf(key: string): Promise<string | undefined>;
  /** Uploads content; in parts when it is much, so that memory stays small. */
  upload(key: string, content: AsyncIterable<Uint8Array>, contentType: string): Promise<void>;
  /**
   * Copies an object of the same owner, within S3: 5 GB at most. Without its tags and metadata.
   * @returns false when it is gone, or has another ETag by now
   */
  copy(from: { bucket: string; key: string; etag: string }, key: string, contentType: string): Promise<boolean>;
  /**
   * Uploads the content that a key stands for, going on with what an earlier run left unfinished.
   * @param open gives the content from its begin, each time it is called
   * @param resumed told how many parts an earlier run has sent
   */
  uploadResumably(
    key: string,
    open: () => AsyncIterable<Uint8Array>,
    properties: Properties,
    resumed: (parts: number) => void,
  ): Promise<void>;
  /** Pages of up to 1,000, in the order of the keys. */
  list(prefix: string): AsyncIterable<ObjectEntry[]>;
  /** Removes objects; one that is not there is no error. `until`: a signal of its own, to clean up after an abort. */
  remove(keys: string[], until?: AbortSignal): Promise<void>;
}

/** As many as the SDK's own uploads send; of 8 MiB each they are little of a small runner's memory. */
const PARTS_AT_ONCE = 4;
const REMOVED_AT_ONCE = 1000;

/**
 * @param owner account id that must own the bucket
 * @param kmsKeyId of the key that what is written is encrypted with; without one, as the bucket does it
 */
export async function openBucket(
  clients: Clients,
  bucket: string,
  owner: string,
  signal: AbortSignal,
  kmsKeyId?: string,
): Promise<Objects> {
  const s3 = await clients.s3();
  const at = (Key: string) => ({ Bucket: bucket, ExpectedBucketOwner: owner, Key });
  const options = { abortSignal: signal };
  const buffers = new PartBuffers(PARTS_AT_ONCE);
  const encryption = kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKeyId };
  const uploading = (key: string, properties: Properties) => ({ s3, object: at(key), properties, buffers, signal });
  return {
    bucket,
    async readText(key) {
      const found = await unless([404], s3.getObject(at(key), options));
      return found && { text: (await found.Body?.transformToString()) ?? '', etag: found.ETag ?? '' };
    },
    writeText: (key, text, contentType, condition) =>
      writeIf(s3, { ...at(key), ...encryption, Body: text, ContentType: contentType }, condition, signal),
    exists: async (key) => (await unless([404], s3.headObject(at(key), options))) !== undefined,
    etagOf: async (key) => (await unless([404], s3.headObject(at(key), options)))?.ETag,
    upload: (key, content, ContentType) => upload(uploading(key, { ContentType, ...encryption }), content),
    async copy(from, key, ContentType) {
      const source = {
        CopySource: `${from.bucket}/${from.key.split('/').map(encodeURIComponent).join('/')}`,
        CopySourceIfMatch: from.etag,
        ExpectedSourceBucketOwner: owner,
        MetadataDirective: 'REPLACE' as const,
        TaggingDirective: 'REPLACE' as const,
      };
      const request = { ...at(key), ...source, ...encryption, ContentType };
      return (await unless([404, 412], s3.copyObject(request, options))) !== undefined;
    },
    uploadResumably: (key, open, properties, resumed) => uploadResumably(uploading(key, properties), open, resumed),
    async *list(prefix) {
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.listObjectsV2(
          // Some characters of keys cannot be written in XML.
          { Bucket: bucket, ExpectedBucketOwner: owner, Prefix: prefix, ContinuationToken, EncodingType: 'url' },
          options,
        );
        yield (page.Contents ?? []).map(({ Key = '', ETag = '', Size = 0, LastModified }) => ({
          key: decodeURIComponent(Key.replaceAll('+', '%20')),
          etag: ETag,
          size: Size,
          modified: LastModified?.getTime() ?? 0,
        }));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },
    async remove(keys, until = signal) {
      for (let first = 0; first < keys.length; first += REMOVED_AT_ONCE) {
        const Objects = keys.slice(first, first + REMOVED_AT_ONCE).map((Key) => ({ Key }));
        const { Errors = [] } = await s3.deleteObjects(
          { Bucket: bucket, ExpectedBucketOwner: owner, Delete: { Objects, Quiet: true } },
          { abortSignal: until },
        );
        const [error] = Errors;
        if (error) throw new Error(`S3 did not remove s3://${bucket}/${error.Key}: ${error.Code}: ${error.Message}`);
      }
    },
  };
}

type PutParams = Parameters<S3['putObject']>[0];

/** S3 answers 412 when a condition fails, 404 when the object to replace is gone, and 409 when two writes cross. */
async function writeIf(
  s3: S3,
  params: PutParams,
  condition: Condition | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (condition === undefined) return (await s3.putObject(params, { abortSignal: signal })).ETag ?? '';
  const header = condition === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.etag };
  const put = () => s3.putObject({ ...params, ...header }, { abortSignal: signal });
  const refusals = condition === 'absent' ? [412] : [412, 404];
  try {
    return (await unless(refusals, put()))?.ETag;
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    // Neither of the two writes may have won: once more, and this answer counts.
    return (await unless(refusals, put()))?.ETag;
  }
}

/** The answer, or undefined when S3 refused with one of these HTTP statuses. A missing bucket stays an error. */
async function unless<T>(statuses: number[], request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if ((error as Error).name !== 'NoSuchBucket' && statuses.includes(statusOf(error) ?? 0)) return undefined;
    throw error;
  }
}
