import { bucketProblem } from '../../aws/bucket.js';
import { openBucket } from '../../aws/objects.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { type Matches, matcher } from '../../matcher.js';
import { shown } from '../../shown.js';
import { bucketOf, excluder, type Globs, literalPrefix } from './globs.js';
import type { ObjectSource } from './source.js';

/**
 * The objects that the globs ask for, each once, in no order. Each bucket is listed below what its globs have in common,
 * 1,000 keys a request.
 * @param isOurs what this action keeps or publishes in a bucket
 * @throws UserError when a bucket is absent, another account's or in another region
 */
export async function matchingObjects(
  context: Context,
  { wanted, unwanted }: Globs,
  isOurs: Matches,
): Promise<ObjectSource[]> {
  const matches = matcher(wanted);
  const excluded = excluder(unwanted);
  const found: ObjectSource[] = [];
  for await (const object of listed(context, wanted)) {
    const { path, key } = object;
    if (!matches(path) || excluded(path) || isOurs(path)) continue;
    if (hasDots(key)) context.log.warning(`${shown(path)} is left out: "." or ".." in a key has no place in a folder.`);
    else found.push(object);
  }
  return found;
}

/** Every object below the literal beginnings of the globs, without the empty ones that stand for folders. */
export async function* listed(context: Context, globs: readonly string[]): AsyncGenerator<ObjectSource> {
  for (const address of addressesOf(globs)) {
    const bucket = bucketOf(address);
    const start = `s3://${bucket}/`;
    for await (const page of pages(context, bucket, address.slice(start.length))) {
      for (const { key, etag, size: bytes } of page) {
        if (bytes > 0 || !key.endsWith('/')) yield { kind: 'object', path: start + key, bucket, key, etag, bytes };
      }
    }
  }
}

/** What to list: of two beginnings of which one begins with the other, the shorter. */
function addressesOf(globs: readonly string[]): string[] {
  const addresses: string[] = [];
  for (const address of globs.map(beginningOf).sort()) {
    const last = addresses.at(-1);
    if (last === undefined || !address.startsWith(last)) addresses.push(address);
  }
  return addresses;
}

function beginningOf(glob: string): string {
  const bucket = `s3://${bucketOf(glob)}/`;
  return bucket + literalPrefix(glob.slice(bucket.length));
}

async function* pages({ clients, account, signal }: Context, bucket: string, prefix: string) {
  const objects = await openBucket(clients, bucket, account, signal);
  try {
    yield* objects.list(prefix);
  } catch (error) {
    const problem = bucketProblem(error, { bucket, account, input: 'files' }, clients.region);
    if (problem !== 'absent') throw problem ?? error;
    throw new UserError(`There is no bucket ${bucket} (input \`files\`).`, 'Check the name of the bucket.', {
      cause: error,
    });
  }
}

const hasDots = (key: string): boolean => key.split('/').some((part) => part === '.' || part === '..');
