import type { ListMultipartUploadsOutput, S3 } from '@aws-sdk/client-s3';
import type { Context } from '../context.js';
import { unlessAbsent } from './error-name.js';

/** A multipart upload that was begun and neither completed nor aborted: its parts cost, and no listing of objects shows it. */
export interface UnfinishedUpload {
  key: string;
  id: string;
  /** Milliseconds since the epoch. */
  begun: number;
  /** What S3 keeps of each part; undefined: nothing. */
  checksum: string | undefined;
}

interface Place {
  bucket: string;
  /** Account id that must own the bucket. */
  account: string;
}

export async function unfinishedUploads(
  { clients, signal }: Pick<Context, 'clients' | 'signal'>,
  { bucket, account }: Place,
  prefix: string,
): Promise<UnfinishedUpload[]> {
  return uploadsUnder(await clients.s3(), { Bucket: bucket, ExpectedBucketOwner: account, Prefix: prefix }, signal);
}

/** The same by a request of S3's. */
export async function uploadsUnder(
  s3: S3,
  place: { Bucket: string; ExpectedBucketOwner: string; Prefix: string },
  signal: AbortSignal,
): Promise<UnfinishedUpload[]> {
  const found: UnfinishedUpload[] = [];
  let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (from !== undefined) {
    const page: ListMultipartUploadsOutput = await s3.listMultipartUploads(
      { ...place, ...from },
      { abortSignal: signal },
    );
    for (const { Key = '', UploadId = '', Initiated, ChecksumAlgorithm } of page.Uploads ?? []) {
      found.push({ key: Key, id: UploadId, begun: Initiated?.getTime() ?? 0, checksum: ChecksumAlgorithm });
    }
    from = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
  }
  return found;
}

/** Takes the parts of an upload away. One that was completed or aborted meanwhile is no error. */
export async function abortUpload(
  { clients, signal }: Pick<Context, 'clients' | 'signal'>,
  { bucket, account }: Place,
  { key, id }: UnfinishedUpload,
): Promise<void> {
  const s3 = await clients.s3();
  const request = { Bucket: bucket, ExpectedBucketOwner: account, Key: key, UploadId: id };
  await unlessAbsent(s3.abortMultipartUpload(request, { abortSignal: signal }), 'NoSuchUpload');
}
