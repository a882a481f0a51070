import { type AtomFeed, parseAtomFeed } from 'feedsmith';
import { plainText } from './plain-text.js';
import type { ReadFeed, ReadItem } from './read.js';

type Link = AtomFeed.Link<string>;

/** Atom (RFC 4287) with the namespace of iTunes. @throws feedsmith's errors */
export function readAtom(xml: string): ReadFeed {
  const { title, links, logo, icon, authors, itunes, entries = [] } = parseAtomFeed(xml);
  const author = itunes?.author ?? authors?.[0]?.name;
  return {
    title: textOf(title),
    link: page(links),
    language: undefined,
    author,
    image: itunes?.image ?? logo ?? icon,
    items: entries.map(readEntry),
  };
}

function readEntry({ itunes, links = [], ...entry }: AtomFeed.Entry<string>): ReadItem {
  const enclosures = links.filter(({ rel }) => rel === 'enclosure');
  return {
    guid: entry.id,
    title: textOf(entry.title) ?? itunes?.title,
    published: entry.published ?? entry.updated,
    link: page(links),
    description: entry.summary?.value ?? entry.content?.value,
    author: itunes?.author ?? entry.authors?.[0]?.name,
    season: itunes?.season,
    number: itunes?.episode,
    seconds: itunes?.duration,
    image: itunes?.image,
    enclosures: enclosures.map(({ href, type, length }) => ({ url: href, type, length })),
    transcripts: [],
  };
}

const page = (links: Link[] = []): string | undefined =>
  links.find(({ rel = 'alternate' }) => rel === 'alternate')?.href;

/** A title may be HTML (RFC 4287, 3.1). */
const textOf = (text: AtomFeed.Text | undefined): string | undefined =>
  text?.type === undefined || text.type === 'text' ? text?.value : plainText(text.value);
