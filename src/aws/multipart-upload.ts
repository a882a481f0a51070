import { createHash } from 'node:crypto';
import type { CompletedPart, S3 } from '@aws-sdk/client-s3';
import { UserError } from '../errors.js';
import { isNamed, statusOf } from './error-name.js';
import { type Part, type PartBuffers, partsOf } from './parts.js';
import { uploadsUnder } from './unfinished-uploads.js';

/** Thrown by content that is not what it must be: nothing of it becomes visible, and nothing is kept of it. */
export class WrongContent extends UserError {}

/** What an upload works with. */
export interface Uploading {
  s3: S3;
  object: { Bucket: string; ExpectedBucketOwner: string; Key: string };
  /** What the object is given: content type, encryption. */
  properties: Properties;
  buffers: PartBuffers;
  signal: AbortSignal;
}

export interface Properties {
  ContentType: string;
  ServerSideEncryption?: 'aws:kms';
  SSEKMSKeyId?: string;
}

/** A multipart upload that a run has begun and not finished. */
interface Unfinished {
  UploadId: string;
  /** By part number. */
  parts: ReadonlyMap<number, CompletedPart>;
}

/** Milliseconds to clean up after an error, also after an interrupt. */
const CLEANUP = 4000;
/** Another run may complete, abort or write to the same upload; each time the rest is looked at anew. */
const ATTEMPTS = 3;

/** Uploads content; in parts when it is more than one. What fails is taken away again. */
export async function upload(uploading: Uploading, content: AsyncIterable<Uint8Array>): Promise<void> {
  await sendAll(uploading, content, async () => begin(uploading), true);
}

/**
 * Uploads content of a key that stands for just this content. What an earlier run left unfinished is gone on with:
 * S3 gives nothing back of such parts but their hashes, so the content is read again from its begin, and a part whose
 * SHA-256 S3 has already is not sent again. What fails stays for the next run, except for wrong content.
 * Several runs may do this at the same time: they share the parts, and the first to complete does it for all.
 * @param open called again when another run was in the way
 * @param resumed told how many parts are there already
 */
export async function uploadResumably(
  uploading: Uploading,
  open: () => AsyncIterable<Uint8Array>,
  resumed: (parts: number) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    let others: string[] = [];
    const goOn = async (): Promise<Unfinished> => {
      const [first, ...rest] = await resumableUploads(uploading);
      others = rest;
      if (first === undefined) return begin(uploading);
      const parts = await partsThere(uploading, first);
      resumed(parts.size);
      return { UploadId: first, parts };
    };
    try {
      await sendAll(uploading, open(), goOn, false);
      // Left by runs that were killed; one that is alive finds the object complete.
      for (const id of others) await abort(uploading, id);
      return;
    } catch (error) {
      if (!isNamed(error, 'NoSuchUpload', 'InvalidPart')) throw error;
      if (await exists(uploading)) return;
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** @param start begins the upload, or finds the one to go on with; called only when there is more than one part */
async function sendAll(
  uploading: Uploading,
  content: AsyncIterable<Uint8Array>,
  start: () => Promise<Unfinished>,
  abortOnFailure: boolean,
): Promise<void> {
  const { s3, object } = uploading;
  const failed = new AbortController();
  const signal = AbortSignal.any([uploading.signal, failed.signal]);
  const sent: Promise<CompletedPart>[] = [];
  let unfinished: Unfinished | undefined;
  try {
    for await (const part of partsOf(content, uploading.buffers)) {
      if (part.last && part.number === 1) return await put({ ...uploading, signal }, part);
      unfinished ??= await orGiveBack(part, start());
      if (signal.aborted) part.done();
      signal.throwIfAborted();
      const sending = sendPart({ ...uploading, signal }, unfinished, part);
      sending.catch((error: unknown) => failed.abort(error));
      sent.push(sending);
    }
    const Parts = await Promise.all(sent);
    const UploadId = (unfinished as Unfinished).UploadId;
    await s3.completeMultipartUpload({ ...object, UploadId, MultipartUpload: { Parts } }, { abortSignal: signal });
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(sent);
    // The first failure counts: it is what ended the others.
    const reason: unknown = uploading.signal.aborted ? uploading.signal.reason : failed.signal.reason;
    if (unfinished && (abortOnFailure || reason instanceof WrongContent)) await abort(uploading, unfinished.UploadId);
    throw reason;
  }
}

async function put({ s3, object, properties, signal }: Uploading, part: Part): Promise<void> {
  const request = { ...object, ...properties, Body: part.content, ChecksumSHA256: sha256(part.content) };
  await orGiveBack(part, s3.putObject(request, { abortSignal: signal }));
  part.done();
}

/** Sends a part, unless S3 has just this one already. */
async function sendPart(
  { s3, object, signal }: Uploading,
  { UploadId, parts }: Unfinished,
  part: Part,
): Promise<CompletedPart> {
  try {
    const ChecksumSHA256 = sha256(part.content);
    const there = parts.get(part.number);
    if (there?.ChecksumSHA256 === ChecksumSHA256) return there;
    const PartNumber = part.number;
    const request = { ...object, UploadId, PartNumber, Body: part.content, ChecksumSHA256 };
    const { ETag } = await s3.uploadPart(request, { abortSignal: signal });
    return { PartNumber, ETag, ChecksumSHA256 };
  } finally {
    part.done();
  }
}

async function orGiveBack<T>(part: Part, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    part.done();
    throw error;
  }
}

async function begin({ s3, object, properties, signal }: Uploading): Promise<Unfinished> {
  const request = { ...object, ...properties, ChecksumAlgorithm: 'SHA256' as const };
  const { UploadId = '' } = await s3.createMultipartUpload(request, { abortSignal: signal });
  return { UploadId, parts: new Map() };
}

/** The ids of the object's unfinished uploads that have hashes, the oldest first, so that all runs choose the same. */
async function resumableUploads({ s3, object, signal }: Uploading): Promise<string[]> {
  const { Key, ...bucket } = object;
  const uploads = await uploadsUnder(s3, { ...bucket, Prefix: Key }, signal);
  return uploads
    .filter(({ key, checksum }) => key === Key && checksum === 'SHA256')
    .sort((a, b) => a.begun - b.begun)
    .map(({ id }) => id);
}

async function partsThere({ s3, object, signal }: Uploading, UploadId: string): Promise<Unfinished['parts']> {
  const parts = new Map<number, CompletedPart>();
  let PartNumberMarker: string | undefined;
  do {
    const page = await s3.listParts({ ...object, UploadId, PartNumberMarker }, { abortSignal: signal });
    for (const { PartNumber = 0, ETag, ChecksumSHA256 } of page.Parts ?? []) {
      parts.set(PartNumber, { PartNumber, ETag, ChecksumSHA256 });
    }
    PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (PartNumberMarker !== undefined);
  return parts;
}

/** What cannot be taken away is left to the bucket's life-cycle rule: the error before it is the one to tell. */
async function abort({ s3, object }: Uploading, UploadId: string): Promise<void> {
  const request = s3.abortMultipartUpload({ ...object, UploadId }, { abortSignal: AbortSignal.timeout(CLEANUP) });
  await request.catch(() => undefined);
}

async function exists({ s3, object, signal }: Uploading): Promise<boolean> {
  try {
    await s3.headObject(object, { abortSignal: signal });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('base64');
