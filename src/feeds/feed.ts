import { basename } from 'node:path/posix';
import { detectAtomFeed, detectRssFeed } from 'feedsmith';
import { UserError } from '../errors.js';
import { shownAddress, webAddress } from './address.js';
import { readAtom } from './atom.js';
import { parseDate } from './dates.js';
import { within } from './deadline.js';
import { decodeXml } from './encoding.js';
import type { Episode, Feed } from './episode.js';
import type { Http } from './http.js';
import { episodeIds, isAudio } from './items.js';
import { load } from './load.js';
import { plainText } from './plain-text.js';
import type { ReadFeed, ReadItem } from './read.js';
import { readRss } from './rss.js';

/** A feed of thousands of episodes with long notes has ten. */
const MOST_BYTES = 50_000_000;
const MINUTES = 3;

/**
 * Gets and reads a podcast's feed.
 * @param url credentials in it are used, and end up in the feed's `url` as they are
 * @throws UserError when it cannot be had, or is no feed
 */
export async function readFeed(http: Http, url: string, signal: AbortSignal): Promise<Feed> {
  const late = () => new UserError(`${shownAddress(url)} did not come in ${MINUTES} minutes.`, 'Try again later.');
  const loaded = await within(MINUTES * 60_000, signal, late, (soon) => load(http, url, MOST_BYTES, soon));
  const text = decodeXml(loaded.bytes, loaded.contentType);
  if (loaded.status !== 200) throw refused(url, loaded.status, text);
  return { ...parseFeed(text, loaded.url), url };
}

function refused(url: string, status: number, text: string): UserError {
  const message = `${shownAddress(url)} answered with status ${status} and ${kindOf(text)}, not with a feed.`;
  if (status === 401 || status === 403) {
    return new UserError(
      message,
      'A private feed needs its token or password in the address. Some hosts refuse runners.',
    );
  }
  if (status === 404 || status === 410) return new UserError(message, 'Check the address: the podcast may have moved.');
  return new UserError(message, 'Try again later.');
}

/**
 * Reads a podcast's feed, RSS 2.0 or Atom. Entities that a document defines itself are left as they are: none expands.
 * @param url where it was found: relative addresses start there
 * @throws UserError when it is no feed
 */
export function parseFeed(xml: string, url: string): Feed {
  const read = readEither(xml, url);
  const heard = read.items.flatMap((item) => {
    const enclosure = item.enclosures.find(isAudio);
    const address = webAddress(enclosure?.url, url);
    return enclosure?.url === undefined || address === undefined
      ? []
      : [{ item, guid: item.guid, enclosure: enclosure.url, audio: { ...enclosure, url: address } }];
  });
  const ids = episodeIds(heard);
  return {
    url,
    title: read.title ?? new URL(url).hostname,
    ...defined({
      link: webAddress(read.link, url),
      language: read.language,
      author: read.author,
      image: webAddress(read.image, url),
    }),
    xml,
    episodes: heard.flatMap(({ item, audio }, index) => {
      const id = ids[index];
      return id === undefined ? [] : [episodeOf(id, item, audio, url)];
    }),
    withoutAudio: read.items.length - heard.length,
  };
}

function readEither(xml: string, url: string): ReadFeed {
  try {
    if (!isHtml(xml) && detectRssFeed(xml)) return readRss(xml);
    if (!isHtml(xml) && detectAtomFeed(xml)) return readAtom(xml);
  } catch (error) {
    const { message, cause } = error as Error;
    throw new UserError(
      `The feed ${shownAddress(url)} is broken: ${cause instanceof Error ? cause.message : message}`,
      'A feed validator, such as validator.w3.org/feed, shows where. Who publishes it can mend it.',
      { cause: error },
    );
  }
  throw new UserError(
    `${shownAddress(url)} is not a feed, but ${kindOf(xml)}.`,
    'Give the address of the RSS or Atom feed itself: the website of the podcast names it.',
  );
}

/** What a document is that is no feed, for a sentence. */
function kindOf(text: string): string {
  if (isHtml(text)) return 'a web page (HTML)';
  if (text.trim() === '') return 'nothing';
  if (/^\s*[[{]/.test(text)) return 'JSON';
  return /^\s*<[?a-z]/i.test(text) ? 'XML of another kind' : 'text of another kind';
}

/** A page may have a feed's words in it. */
const isHtml = (text: string): boolean => /^\s*(?:<!--[^>]*-->\s*)?<(?:!doctype html|html)\b/i.test(text);

type Audio = ReadItem['enclosures'][number] & { url: string };

function episodeOf(id: string, item: ReadItem, { url: address, type, length }: Audio, url: string): Episode {
  return {
    id,
    title: item.title ?? fileName(address),
    enclosure: { url: address, ...defined({ type, bytes: length }) },
    transcripts: item.transcripts.flatMap(({ url: transcript, type: format, language }) => {
      const at = webAddress(transcript, url);
      return at === undefined || format === undefined ? [] : [{ url: at, type: format, ...defined({ language }) }];
    }),
    ...defined({
      published: parseDate(item.published),
      link: webAddress(item.link, url),
      description: plainText(item.description),
      author: item.author,
      season: item.season,
      number: item.number,
      seconds: item.seconds,
      image: webAddress(item.image, url),
    }),
  };
}

/** For an episode that has no other name. */
function fileName(address: string): string {
  const name = basename(new URL(address).pathname);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Without the properties that are not there. */
function defined<T extends object>(values: T): { [name in keyof T]?: Exclude<T[name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
