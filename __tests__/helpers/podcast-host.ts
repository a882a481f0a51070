import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

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

/** A podcast's host on this machine: a server of feeds and their episodes, as they are told it. */
export interface PodcastHost {
  /** Without a slash at its end. */
  url: string;
  /** Puts a feed at `/<name>.xml`, its episodes below `/<name>/`. */
  publish(name: string, title: string, episodes: readonly Told[], more?: string): string;
  /** From now on asks for this user and password (`user:password`) for all whose path begins like that. */
  protect(path: string, credentials: string): void;
  /** Paths with their queries of all requests since the last call, in their order. */
  asked(): string[];
  stop(): Promise<void>;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export async function startPodcastHost(): Promise<PodcastHost> {
  const contents = new Map<string, string | Buffer>();
  const locks = new Map<string, string>();
  let requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const content = contents.get(path.replace(/\?.*$/, ''));
    const lock = [...locks].find(([start]) => path.startsWith(start))?.[1];
    const isOpen = lock === undefined || request.headers.authorization === lock;
    if (!isOpen) return void response.writeHead(401).end();
    response.statusCode = content === undefined ? 404 : 200;
    response.setHeader('content-type', typeof content === 'string' ? 'application/rss+xml' : 'audio/mpeg');
    response.end(content ?? 'not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    publish(name, title, episodes, more = '') {
      const items = episodes.map(({ guid, title, published, audio, more = '' }) => {
        const path = `/${name}/${encodeURIComponent(guid)}.mp3`;
        if (audio) contents.set(path, audio);
        else contents.delete(path);
        const date = published === undefined ? '' : `<pubDate>${new Date(published).toUTCString()}</pubDate>`;
        return `<item><title>${escaped(title)}</title><guid isPermaLink="false">${escaped(guid)}</guid>${date}
<link>https://example.com/${name}/${encodeURIComponent(guid)}</link>
<enclosure url="${url}${path}" type="audio/mpeg" length="${audio?.length ?? 0}"/>${more}</item>`;
      });
      contents.set(
        `/${name}.xml`,
        `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>${escaped(title)}</title>
<link>https://example.com/${name}</link><description>About ${escaped(title)}</description><language>en</language>
${more}${items.join('\n')}
</channel></rss>
`,
      );
      return `${url}/${name}.xml`;
    },
    protect: (path, credentials) => void locks.set(path, `Basic ${Buffer.from(credentials).toString('base64')}`),
    asked() {
      const asked = requests;
      requests = [];
      return asked;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
