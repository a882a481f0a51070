import { posix } from 'node:path';
import type { Published } from '../../ledger/published.js';
import { episodeName, isEpisodePath } from '../select/place.js';
import { datedName, freeName, slug } from './names.js';
import type { Candidate } from './roster.js';
import type { Show } from './shows.js';

/** Gives episodes their places below the output folder, each its own, and the one that it has for good. */
export interface Places {
  /** Folder of a show. */
  folderOf(show: Show): string;
  /**
   * Folder and name of an episode, without an extension.
   * @param sha256 of its audio: a place that has just this audio is the episode's, by whatever feed it came
   */
  take(candidate: Candidate, sha256: string | undefined): string;
}

/**
 * @param candidates whose records may have names
 * @param isElsewhere whether the transcripts of other audio have this place
 */
export function openPlaces(
  published: Pick<Published, 'entries'>,
  candidates: readonly Candidate[],
  isElsewhere: (name: string) => boolean,
): Places {
  /** Audio by names. */
  const taken = new Map<string, string | undefined>();
  /** Folders by the keys of feeds. */
  const folders = new Map<string, string>();
  /** Names by the keys of episodes. */
  const given = new Map<string, string>();
  const note = (name: string, feed: string, sha256: string | undefined) => {
    taken.set(name, sha256);
    folders.set(feed, folders.get(feed) ?? posix.dirname(name));
  };
  for (const [, { path, audio, episode }] of published.entries()) {
    if (episode && isEpisodePath(path)) note(episodeName(path), episode.feed, audio);
  }
  for (const { show, record } of candidates) {
    if (record?.name !== undefined) note(record.name, show.key, record.audio?.sha256);
  }
  const folderOf = ({ key, feed }: Show): string => {
    const others = () => new Set([...folders].filter(([other]) => other !== key).map(([, folder]) => folder));
    const folder =
      folders.get(key) ?? freeName(slug(feed.title, `podcast-${key.slice(0, 8)}`), (name) => others().has(name));
    folders.set(key, folder);
    return folder;
  };
  return {
    folderOf,
    take(candidate, sha256) {
      const { show, key, told, record } = candidate;
      const before = candidate.note ? episodeName(candidate.note.path) : (record?.name ?? given.get(key));
      if (before !== undefined) return before;
      const folder = folderOf(show);
      const isOther = (name: string) => {
        const path = posix.join(folder, name);
        return isElsewhere(path) || (taken.has(path) && (sha256 === undefined || taken.get(path) !== sha256));
      };
      const name = posix.join(folder, freeName(datedName(told, key), isOther));
      taken.set(name, sha256);
      given.set(key, name);
      return name;
    },
  };
}
