import { parseRssFeed, type RssFeed } from 'feedsmith';
import type { ReadFeed, ReadItem } from './read.js';

/** RSS 2.0 with the namespaces of iTunes and Podcasting 2.0. @throws feedsmith's errors */
export function readRss(xml: string): ReadFeed {
  const { title, link, language, image, itunes, managingEditor, items = [] } = parseRssFeed(xml);
  return {
    title: title ?? itunes?.title,
    link,
    language,
    author: itunes?.author ?? managingEditor?.name,
    image: itunes?.image ?? image?.url,
    items: items.map(readItem),
  };
}

function readItem({ itunes, podcast, ...item }: RssFeed.Item<string>): ReadItem {
  return {
    guid: item.guid?.value,
    title: item.title ?? itunes?.title,
    published: item.pubDate ?? item.dc?.dates?.[0],
    link: item.link,
    description: item.description ?? item.content?.encoded ?? itunes?.summary,
    author: itunes?.author ?? item.authors?.[0]?.name ?? item.dc?.creators?.[0],
    season: itunes?.season ?? podcast?.season?.number,
    number: itunes?.episode ?? podcast?.episode?.number,
    seconds: itunes?.duration,
    image: itunes?.image,
    enclosures: (item.enclosures ?? []).map(({ url, type, length }) => ({ url, type, length })),
    transcripts: (podcast?.transcripts ?? []).map(({ url, type, language }) => ({ url, type, language })),
  };
}
