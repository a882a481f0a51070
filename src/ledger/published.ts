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
  /** Of an episode of a podcast. */
  episode: z.optional(
    z.object({
      /** By which it is found again: `episodeKey`. */
      key: z.string(),
      /** Of its feed: `feedKey`. */
      feed: z.string(),
      /** Set once its transcripts are where they can be had without this workspace. */
      published: z.optional(z.literal(true)),
    }),
  ),
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
  /** Paths of audio that earlier runs have left to later ones. */
  pending(): ReadonlySet<string>;
  /** Of the `looked` at paths these are left. */
  leave(looked: Iterable<string>, pending: Iterable<string>): void;
  /** Writes what was changed, over what others have written meanwhile. */
  save(objects: Objects): Promise<void>;
}

const stored = z.object({
  version: z.literal(1),
  files: z.record(z.string(), z.unknown()),
  pending: z.optional(z.array(z.string())),
});

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
  let current = await objects.readText(key);
  const { files, pending } = parsed(current?.text);
  const changed = new Map<string, PublishedFile | undefined>();
  /** By path: whether it is left. */
  const left = new Map<string, boolean>();
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
    pending: () => pending,
    leave(looked, paths) {
      const now = new Set(paths);
      for (const path of looked) if (now.has(path) !== pending.has(path)) left.set(path, now.has(path));
    },
    async save(objects) {
      if (changed.size + left.size === 0) return;
      for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        const now = attempt === 0 ? { files, pending } : parsed(current?.text);
        if (attempt > 0) overlay(now.files, changed);
        for (const [path, isLeft] of left) isLeft ? now.pending.add(path) : now.pending.delete(path);
        const { files: merged, pending: rest } = now;
        const text = JSON.stringify({ version: 1, files: Object.fromEntries(merged), pending: [...rest].sort() });
        const condition = current ? { etag: current.etag } : 'absent';
        const etag = await objects.writeText(key, text, 'application/json', condition);
        if (etag !== undefined) {
          current = { text: '', etag };
          // What others have noted stays when this is saved once more.
          for (const [place, entry] of merged) files.set(place, entry);
          for (const path of rest) pending.add(path);
          changed.clear();
          left.clear();
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

function overlay(files: Map<string, PublishedFile>, changed: ReadonlyMap<string, PublishedFile | undefined>): void {
  for (const [place, entry] of changed) {
    if (!entry) files.delete(place);
    else files.set(place, { ...entry, digests: joined(entry.digests, files.get(place)?.digests) });
  }
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
function parsed(text: string | undefined): { files: Map<string, PublishedFile>; pending: Set<string> } {
  const files = new Map<string, PublishedFile>();
  const { data } = z.safeParse(stored, jsonOf(text));
  for (const [place, entry] of Object.entries(data?.files ?? {})) {
    const { data: checked } = z.safeParse(file, entry);
    if (checked) files.set(place, checked);
  }
  return { files, pending: new Set(data?.pending) };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
