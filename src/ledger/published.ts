import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Objects } from '../aws/objects.js';

/** What was written into a repository for one audio file. */
const file = z.object({
  /** Of the audio. */
  path: z.string(),
  /** The audio's identity. */
  audio: z.string(),
  /** Of the result that it was made from. */
  key: z.string(),
  /** Digest of everything else that the content depends on. */
  look: z.string(),
  /** Digests of the content, by format, the newest first: what has another digest was changed by somebody. */
  digests: z.record(z.string(), z.array(z.string())),
  duration: z.number(),
  language: z.string(),
  words: z.number(),
  /** Why the container refused the audio. */
  refused: z.optional(z.string()),
});

export type PublishedFile = z.output<typeof file>;

/**
 * What this action has written into one repository: `published/<digest of the repository's name>.json`. By it a finished
 * file costs no request, and a transcript that somebody corrected is told from one that is ours.
 */
export interface Published {
  /** @param place the transcript's path in the workspace without its extension */
  get(place: string): PublishedFile | undefined;
  set(place: string, entry: PublishedFile): void;
  delete(place: string): void;
  entries(): IterableIterator<[string, PublishedFile]>;
  /** Writes what was changed, over what others have written meanwhile. */
  save(objects: Objects): Promise<void>;
}

const stored = z.object({ version: z.literal(1), files: z.record(z.string(), z.unknown()) });

const DIGESTS_KEPT = 5;
const MOST_ATTEMPTS = 8;

/** 32 hex digits of the SHA-256 of a content. */
export const digestOf = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 32);

/** The digests of a format after `content` was written. */
export const withDigest = (known: readonly string[] | undefined, digest: string): string[] =>
  [digest, ...(known ?? []).filter((other) => other !== digest)].slice(0, DIGESTS_KEPT);

/** @param key where it lies: made by `publishedKey` */
export async function readPublished(objects: Objects, key: string): Promise<Published> {
  const found = await objects.readText(key);
  const files = parsed(found?.text);
  const changed = new Map<string, PublishedFile | undefined>();
  return {
    get: (place) => files.get(place),
    set(place, entry) {
      if (JSON.stringify(files.get(place)) === JSON.stringify(entry)) return;
      files.set(place, entry);
      changed.set(place, entry);
    },
    delete(place) {
      if (files.delete(place)) changed.set(place, undefined);
    },
    entries: () => files.entries(),
    async save(objects) {
      if (changed.size === 0) return;
      let current = found;
      for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        const merged = attempt === 0 ? files : overlaid(parsed(current?.text), changed);
        const text = JSON.stringify({ version: 1, files: Object.fromEntries(merged) });
        const condition = current ? { etag: current.etag } : 'absent';
        if ((await objects.writeText(key, text, 'application/json', condition)) !== undefined) {
          changed.clear();
          return;
        }
        current = await objects.readText(key);
      }
      throw new Error(
        `s3://${objects.bucket}/${key} was changed by others ${MOST_ATTEMPTS} times while it was written`,
      );
    },
  };
}

/**
 * @param prefix of the endpoint in the bucket, with its slash
 * @param repository whose transcripts these are; of two folders in a repository, two
 */
export const publishedKey = (prefix: string, repository: string): string =>
  `${prefix}published/${createHash('sha256').update(repository).digest('hex')}.json`;

function overlaid(
  files: Map<string, PublishedFile>,
  changed: ReadonlyMap<string, PublishedFile | undefined>,
): Map<string, PublishedFile> {
  for (const [place, entry] of changed) {
    if (!entry) files.delete(place);
    else files.set(place, { ...entry, digests: joined(entry.digests, files.get(place)?.digests) });
  }
  return files;
}

/** Of two runs that wrote the same transcript each knows its own only. */
function joined(ours: PublishedFile['digests'], theirs: PublishedFile['digests'] = {}): PublishedFile['digests'] {
  const formats = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return Object.fromEntries(
    [...formats].map((format) => {
      const digests = [...new Set([...(ours[format] ?? []), ...(theirs[format] ?? [])])];
      return [format, digests.slice(0, DIGESTS_KEPT)];
    }),
  );
}

/** What cannot be read is as if it were not there: then results are read instead. */
function parsed(text: string | undefined): Map<string, PublishedFile> {
  const files = new Map<string, PublishedFile>();
  if (text === undefined) return files;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return files;
  }
  for (const [place, entry] of Object.entries(z.safeParse(stored, value).data?.files ?? {})) {
    const { data } = z.safeParse(file, entry);
    if (data) files.set(place, data);
  }
  return files;
}
