import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join, posix } from 'node:path';
import { requireBucket } from '../../aws/bucket.js';
import { type ObjectEntry, type Objects, openBucket } from '../../aws/objects.js';
import type { Context } from '../../context.js';
import { forEach } from '../../each.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { editsOf, type Publishing, type Way } from './publication.js';

const CONCURRENCY = 8;

/** By a file's extension; browsers would guess the characters' encoding. */
const CONTENT_TYPES: Record<string, string> = {
  '.txt': 'text/plain; charset=utf-8',
  '.srt': 'application/x-subrip; charset=utf-8',
  '.vtt': 'text/vtt; charset=utf-8',
  '.tsv': 'text/tab-separated-values; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.xml': 'application/xml; charset=utf-8',
};

/** @throws UserError when there is no such bucket of this account and in this region */
export async function requireTarget(context: Context, { publishTo }: TranscribeSettings): Promise<void> {
  if (publishTo === undefined) return;
  await requireBucket(context, { bucket: publishTo.bucket, account: context.account, input: 'publish-uri' });
}

/**
 * Puts the transcripts into a folder of a bucket, by their paths below the output folder. One listing says what is there
 * already, so a run without news puts nothing.
 */
export const toS3: Way = async (context, settings, publishing) => {
  const { workspace, outputFolder } = settings;
  const { bucket, prefix } = targetOf(settings, publishing);
  const objects = await openBucket(context.clients, bucket, context.account, context.signal);
  const there = new Map<string, ObjectEntry>();
  for await (const page of objects.list(prefix)) for (const entry of page) there.set(entry.key, entry);

  const keyOf = (path: string) => prefix + posix.relative(outputFolder, path);
  const { written, removed } = editsOf(publishing);
  let count = 0;
  await forEach(written, CONCURRENCY, async (path) => {
    const content = await readFile(join(workspace, path));
    const key = keyOf(path);
    if (await isThere(objects, there.get(key), content)) return;
    await objects.writeText(key, content.toString(), CONTENT_TYPES[extname(path)] ?? 'application/octet-stream');
    count++;
  });
  const gone = removed.map(keyOf).filter((key) => there.has(key));
  if (gone.length > 0) await objects.remove(gone);
  context.log.info(
    `${count} of ${written.length} files are new in s3://${bucket}/${prefix}${gone.length > 0 ? `, ${gone.length} were removed` : ''}.`,
  );
  return count + gone.length > 0 ? { published: 's3' } : {};
};

const targetOf = ({ publishTo }: TranscribeSettings, { place }: Publishing): { bucket: string; prefix: string } =>
  publishTo ?? { bucket: place.bucket, prefix: `${place.prefix}transcripts/` };

/** An ETag is the content's MD5, but not where a key of KMS encrypts it: then the object itself is looked at. */
async function isThere(objects: Objects, entry: ObjectEntry | undefined, content: Buffer): Promise<boolean> {
  if (entry?.size !== content.length) return false;
  if (entry.etag === `"${createHash('md5').update(content).digest('hex')}"`) return true;
  return (await objects.readText(entry.key))?.text === content.toString();
}
