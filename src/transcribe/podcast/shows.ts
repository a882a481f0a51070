import type { Context } from '../../context.js';
import { forEach } from '../../each.js';
import type { Episode, Feed } from '../../feeds/episode.js';
import type { Http } from '../../feeds/http.js';
import { episodeKey, feedKey } from '../../ledger/episodes.js';
import type { PodcastSettings } from '../../settings/podcast.js';
import { shown } from '../../shown.js';
import type { AudioEpisode, Refusal } from '../audio.js';
import { isPrivateFeed, isSigned, lastingAddress, reasonOf, secretsOf, withoutSecrets } from './secrets.js';

/** A podcast whose feed was read. */
export interface Show {
  feed: Feed;
  /** What the ledger knows the feed by. */
  key: string;
  /** Whether only those who have its address may hear it: then no address out of it is written anywhere. */
  isPrivate: boolean;
  /** The newest first, each once. */
  episodes: ShowEpisode[];
}

export interface ShowEpisode {
  /** What the ledger knows it by. */
  key: string;
  /** As the feed tells it. */
  told: Episode;
  /** What may be told of it. */
  facts: AudioEpisode;
}

/** The podcasts of a run. */
export interface Podcasts {
  /** In the order of their feeds. */
  shows: Show[];
  /** Feeds that could not be read, and why. */
  refused: Refusal[];
  /** By which their episodes are downloaded. */
  http: Http;
}

const FEEDS_AT_ONCE = 4;

/** Reads the feeds. One that cannot be read keeps none of the others from it. Undefined: none is asked for. */
export async function openPodcasts(
  { log, clock, signal }: Pick<Context, 'log' | 'clock' | 'signal'>,
  { feeds, allowPrivateAddresses: allowPrivate }: PodcastSettings,
): Promise<Podcasts | undefined> {
  if (feeds.length === 0) return undefined;
  const [{ openHttp }, { readFeed }] = await Promise.all([
    import('../../feeds/http.js'),
    import('../../feeds/feed.js'),
  ]);
  const http = openHttp({ allowPrivate, clock });
  const read = new Map<string, Show>();
  const refused: Refusal[] = [];
  // A mask for one as short as `1` would take every 1 out of the log.
  for (const secret of feeds.flatMap(secretsOf)) if (secret.length >= 4) log.mask(secret);
  await forEach(feeds, FEEDS_AT_ONCE, async (url) => {
    try {
      read.set(url, showOf(await readFeed(http, url, signal), url));
    } catch (error) {
      signal.throwIfAborted();
      refused.push({ path: withoutSecrets(url), reason: reasonOf(error, [url]) });
    }
  });
  // One feed by two tokens is one.
  const shows = [...new Map(feeds.flatMap((url) => read.get(url) ?? []).map((show) => [show.key, show])).values()];
  for (const { feed } of shows) {
    const silent = feed.withoutAudio > 0 ? `, and ${feed.withoutAudio} entries without audio` : '';
    log.info(`${shown(feed.title)}: a feed of ${feed.episodes.length} episodes${silent}.`);
  }
  return { shows, refused, http };
}

/** @param url as it was given: it may have moved since */
function showOf(feed: Feed, url: string): Show {
  const lasting = lastingAddress(url);
  const isPrivate = isPrivateFeed(url);
  const key = feedKey(lasting);
  const episodes = new Map<string, ShowEpisode>();
  for (const told of feed.episodes) {
    const of = episodeKey(lasting, lastingAddress(told.id));
    if (!episodes.has(of))
      episodes.set(of, { key: of, told, facts: factsOf(feed, told, { key: of, feed: key }, isPrivate) });
  }
  return { feed, key, isPrivate, episodes: [...episodes.values()].sort(newestFirst) };
}

/** Those without a date come last, in the order of the feed, which has the newest at its top as a rule. */
const newestFirst = (a: ShowEpisode, b: ShowEpisode): number =>
  (b.told.published?.getTime() ?? Number.NEGATIVE_INFINITY) -
    (a.told.published?.getTime() ?? Number.NEGATIVE_INFINITY) || 0;

function factsOf(
  feed: Feed,
  { id, title, published, link, enclosure }: Episode,
  keys: Pick<AudioEpisode, 'key' | 'feed'>,
  isPrivate: boolean,
): AudioEpisode {
  const guid = URL.canParse(id) && (isPrivate || isSigned(id)) ? undefined : id;
  return {
    ...keys,
    podcast: feed.title,
    title,
    ...(published && { published: published.toISOString() }),
    ...(link !== undefined && !isPrivate && { link }),
    ...(guid !== undefined && { guid }),
    ...(!isPrivate && !isSigned(enclosure.url) && { audioUrl: enclosure.url }),
  };
}
