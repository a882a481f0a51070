import { type Answer, startFeedServer, status, whole } from './feed-server.ts';

/** An episode as its feed tells it. */
export interface Told {
  guid: string;
  title: string;
  /** ISO 8601. */
  published?: string;
  /** What is under its enclosure; undefined: nothing, which is answered with 404. */
  audio?: Buffer;
  /** More elements of its item. */
  more?: string;
}

export interface Around {
  /** Elements of the channel. */
  more?: string;
  /** Of the address of the feed: `?token=x`. */
  query?: string;
  /** User and password (`user:password`) that all of the podcast asks for. */
  credentials?: string;
}

/** A podcast's host on this machine: feeds and their episodes, as they are told it. */
export interface PodcastHost {
  /** Without a slash at its end. */
  url: string;
  /** Puts a feed at `/<name>.xml` and its episodes at `/<name>/<guid>.mp3`; the feed's address, without credentials. */
  publish(name: string, title: string, episodes: readonly Told[], around?: Around): string;
  /** Paths with their queries of all requests since the last call, in their order. */
  asked(): string[];
  stop(): Promise<void>;
}

/** @param address under which others know it, without a slash at its end; its own when not given */
export async function startPodcastHost(address?: string): Promise<PodcastHost> {
  const server = await startFeedServer();
  const on: typeof server.on = (path, ...answers) =>
    server.on(path, ...answers).replace(server.url, address ?? server.url);
  return {
    url: server.url,
    publish(name, title, episodes, { more = '', query = '', credentials } = {}) {
      const locked = (answer: Answer) => (credentials === undefined ? answer : behind(credentials, answer));
      const items = episodes.map((episode) => {
        const { guid, audio } = episode;
        const answer = audio ? whole(audio, { 'content-type': 'audio/mpeg' }) : status(404);
        return itemOf(name, episode, on(`/${name}/${encodeURIComponent(guid)}.mp3`, locked(answer)));
      });
      const feed = `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>${escaped(title)}</title>
<link>https://example.com/${name}</link><description>About ${escaped(title)}</description><language>en</language>
${more}${items.join('\n')}
</channel></rss>
`;
      return on(`/${name}.xml${query}`, locked(whole(feed, { 'content-type': 'application/rss+xml' })));
    },
    asked: () => server.asked().map(({ path }) => path),
    stop: server.stop,
  };
}

function itemOf(name: string, { guid, title, published, audio, more = '' }: Told, enclosure: string): string {
  const date = published === undefined ? '' : `<pubDate>${new Date(published).toUTCString()}</pubDate>`;
  return `<item><title>${escaped(title)}</title><guid isPermaLink="false">${escaped(guid)}</guid>${date}
<link>https://example.com/${name}/${encodeURIComponent(guid)}</link>
<enclosure url="${enclosure}" type="audio/mpeg" length="${audio?.length ?? 0}"/>${more}</item>`;
}

const behind = (credentials: string, answer: Answer): Answer => {
  const expected = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return (request, response) => (request.headers.authorization === expected ? answer : status(401))(request, response);
};

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
