import { type ObjectEntry, openBucket } from '../../aws/objects.js';
import { abortUpload, type UnfinishedUpload, unfinishedUploads } from '../../aws/unfinished-uploads.js';
import type { Context } from '../../context.js';
import { forEach } from '../../each.js';
import { HASH_LENGTH } from '../content-hash.js';
import { deletion, type Removal } from './removal.js';
import type { Scope } from './scope.js';

/** What lies under a prefix of the bucket. */
export interface Folder {
  /** With a slash at its end. */
  prefix: string;
  objects: ObjectEntry[];
  uploads: UnfinishedUpload[];
}

const UPLOADS_AT_ONCE = 8;

export const isEmpty = ({ objects, uploads }: Folder): boolean => objects.length + uploads.length === 0;

/** `s3://bucket/prefix/` */
export const uriOf = ({ bucket }: Scope, { prefix }: Pick<Folder, 'prefix'>): string => `s3://${bucket.name}/${prefix}`;

/** When something was last put there, in milliseconds since the epoch. */
export const lastWritten = ({ objects, uploads }: Folder): number =>
  Math.max(0, ...objects.map(({ modified }) => modified), ...uploads.map(({ begun }) => begun));

/** @param name of a folder in the endpoint's own */
export async function readFolder(context: Context, scope: Scope, name: string): Promise<Folder> {
  const { bucket, account } = scope;
  const prefix = `${scope.folder}${name}/`;
  const objects = await openBucket(context.clients, bucket.name, account, context.signal);
  const listed: ObjectEntry[] = [];
  for await (const page of objects.list(prefix)) listed.push(...page);
  return {
    prefix,
    objects: listed,
    uploads: await unfinishedUploads(context, { bucket: bucket.name, account }, prefix),
  };
}

/** A folder for each model's weights. Whatever else somebody has put beside them is none of ours. */
export async function readWeights(context: Context, scope: Scope): Promise<Folder[]> {
  const { prefix, objects, uploads } = await readFolder(context, scope, 'models');
  const hash = new RegExp(`^[0-9a-f]{${HASH_LENGTH}}/`);
  const place = ({ key }: { key: string }) => {
    const [folder] = hash.exec(key.slice(prefix.length)) ?? [];
    return folder === undefined ? undefined : `${prefix}${folder}`;
  };
  const [byPlace, uploadsByPlace] = [Map.groupBy(objects, place), Map.groupBy(uploads, place)];
  const places = new Set([...byPlace.keys(), ...uploadsByPlace.keys()]);
  return [...places]
    .filter((found) => found !== undefined)
    .map((found) => ({ prefix: found, objects: byPlace.get(found) ?? [], uploads: uploadsByPlace.get(found) ?? [] }));
}

/** @param resource what is in it, for people */
export function removalOf(context: Context, scope: Scope, resource: string, folder: Folder): Removal {
  const { clients, signal } = context;
  const { bucket, account } = scope;
  const counts: [string, number][] = [
    ['objects', folder.objects.length],
    ['unfinished uploads', folder.uploads.length],
  ];
  const fields = counts
    .filter(([, count]) => count > 0)
    .map(([field, count]) => ({ field, old: String(count), new: '' }));
  return {
    changes: [deletion(resource, uriOf(scope, folder), fields)],
    async remove() {
      await forEach(folder.uploads, UPLOADS_AT_ONCE, (upload) =>
        abortUpload(context, { bucket: bucket.name, account }, upload),
      );
      const objects = await openBucket(clients, bucket.name, account, signal);
      await objects.remove(folder.objects.map(({ key }) => key));
    },
  };
}
