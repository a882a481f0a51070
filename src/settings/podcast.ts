import * as z from 'zod/mini';
import { choice, flag, lines, optional, text, wholeNumber, wrong } from './inputs.js';

/** Which episodes of which podcasts, and what is made for their feeds. */
export interface PodcastSettings {
  /** Addresses of RSS and Atom feeds. They may hold a secret. */
  feeds: string[];
  /** Of each feed, in one run. */
  maxEpisodes: number;
  /** Globs of titles; those that begin with `!` leave out. */
  titles: string[];
  /** Days (UTC) as YYYY-MM-DD, both included. */
  since: string | undefined;
  until: string | undefined;
  /** What to do with episodes whose feed has a transcript already. */
  transcribed: 'skip' | 'include';
  /** Address under which the output folder is published, with a slash at its end. */
  publicBaseUrl: string | undefined;
  /** What is written for the feed itself: the tags of its transcripts, or a copy of it that has them. */
  feedCopy: 'none' | 'tags' | 'copy';
  /** Whether addresses of this machine and its networks may be asked. */
  allowPrivateAddresses: boolean;
}

const isWebAddress = (address: string): boolean => /^https?:$/.test(URL.parse(address)?.protocol ?? '');

const day = optional(/^\d{4}-\d\d-\d\d$/, 'must be a day as YYYY-MM-DD').check(
  z.refine((value) => value === undefined || isDay(value), { error: 'must be a day that there is' }),
);

/** Date.parse takes the 31st of February for a day in March. */
const isDay = (value: string): boolean => {
  const date = new Date(value);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
};

export const podcastInputs = {
  feeds: lines.check(
    z.refine((found) => found.every(isWebAddress), {
      error: 'must be addresses of feeds, one a line, each beginning with https:// or http://',
    }),
  ),
  'max-episodes': wholeNumber(1, 10_000),
  'episode-titles': lines,
  'episodes-since': day,
  'episodes-until': day,
  'transcribed-episodes': choice('skip', 'include'),
  'public-base-url': optional(/^https:\/\/[^\s"'<>?#]+$/, 'must be an address that begins with https://'),
  'feed-copy': text.check(
    z.refine((value) => /^(?:none|tags|copy)?$/.test(value), { error: 'must be `none`, `tags`, `copy` or empty' }),
  ),
  'allow-private-addresses': flag,
};

type Given = { [Name in keyof typeof podcastInputs]: z.output<(typeof podcastInputs)[Name]> };

export function podcastSettings(given: Given): PodcastSettings {
  const publicBaseUrl = given['public-base-url']?.replace(/\/*$/, '/');
  return {
    feeds: [...new Set(given.feeds)],
    maxEpisodes: given['max-episodes'],
    titles: given['episode-titles'],
    since: given['episodes-since'],
    until: given['episodes-until'],
    transcribed: given['transcribed-episodes'],
    publicBaseUrl,
    feedCopy: (given['feed-copy'] || (publicBaseUrl === undefined ? 'none' : 'tags')) as PodcastSettings['feedCopy'],
    allowPrivateAddresses: given['allow-private-addresses'],
  };
}

/** What is wrong with inputs that are right by themselves. */
export function podcastConflicts(given: Given): string[] {
  const found: string[] = [];
  const { 'episodes-since': since = '', 'episodes-until': until, 'feed-copy': copy } = given;
  if (until !== undefined && since > until) {
    found.push(wrong('episodes-since', since, `must not be after episodes-until (${until})`));
  }
  if ((copy === 'tags' || copy === 'copy') && given['public-base-url'] === undefined) {
    found.push(wrong('public-base-url', '', `must be given with \`feed-copy: ${copy}\`: tags name whole addresses`));
  }
  return found;
}
