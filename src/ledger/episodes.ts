import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Objects } from '../aws/objects.js';

/** What is known of an episode that is not published yet: `episodes/<repository>/<key>.json`. */
const record = z.object({
  version: z.literal(1),
  /** Of its transcripts, below the output folder and without an extension. Stays, whatever the feed calls it later. */
  name: z.optional(z.string()),
  /** Once it was downloaded. */
  audio: z.optional(
    z.object({
      /** SHA-256 in hex. */
      sha256: z.string(),
      bytes: z.number(),
      contentType: z.string(),
      seconds: z.optional(z.number()),
      video: z.optional(z.literal(true)),
    }),
  ),
  /** How often it could not be downloaded, or was no audio, since it was last begun anew; and why, the last time. */
  failed: z.optional(z.object({ times: z.number(), reason: z.string() })),
});

export type EpisodeRecord = z.output<typeof record>;
export type EpisodeAudio = NonNullable<EpisodeRecord['audio']>;

/**
 * Episodes that one repository has begun. A record is written before anything is sent, so that a run that is killed
 * afterwards leaves nothing to download again, and goes once what was written is noted (`published.ts`).
 */
export interface EpisodeRecords {
  /** Keys of all that were begun. */
  keys(): Promise<Set<string>>;
  /** Undefined: there is none, or none that can be read. */
  read(key: string): Promise<EpisodeRecord | undefined>;
  write(key: string, record: EpisodeRecord): Promise<void>;
  remove(keys: Iterable<string>): Promise<void>;
}

/** Of an address that says which feed it is: 16 hex digits. */
export const feedKey = (feed: string): string => digest(feed).slice(0, 16);

/** Of an episode by its id in a feed: 32 hex digits. */
export const episodeKey = (feed: string, id: string): string => digest(JSON.stringify([feed, id])).slice(0, 32);

/**
 * @param prefix of the endpoint in the bucket, with its slash
 * @param repository whose transcripts these are; of two folders in a repository, two
 */
export function openEpisodes(objects: Objects, prefix: string, repository: string): EpisodeRecords {
  const folder = `${prefix}episodes/${digest(repository).slice(0, 32)}/`;
  const at = (key: string) => `${folder}${key}.json`;
  return {
    async keys() {
      const keys = new Set<string>();
      for await (const page of objects.list(folder)) {
        for (const { key } of page) keys.add(key.slice(folder.length).replace(/\.json$/, ''));
      }
      return keys;
    },
    async read(key) {
      const found = await objects.readText(at(key));
      return found && parseEpisode(found.text);
    },
    async write(key, content) {
      await objects.writeText(at(key), JSON.stringify(content), 'application/json');
    },
    remove: (keys) => objects.remove([...keys].map(at)),
  };
}

/** Undefined: it is no record of this version. */
export function parseEpisode(json: string): EpisodeRecord | undefined {
  try {
    return z.safeParse(record, JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
