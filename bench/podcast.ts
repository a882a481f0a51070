// What a scheduled run over a podcast costs: the bundled action against the local AWS, whose container answers at once,
// and a real web server with a feed of a thousand episodes.
import { gzipSync } from 'node:zlib';
import { type FeedServer, startFeedServer, whole } from '../__tests__/helpers/feed-server.ts';
import type { Figure } from './figure.ts';
import { type Repository, startRig, type TranscribeRig } from './transcribe-rig.ts';

const EPISODES = 1000;
const NEW = 5;
/** Bytes; 16,000 are a second to the container that answers at once. */
const AUDIO = 100_000;
/** AWS requests at most: a run over a thousand known episodes must not ask about each of them. */
const BARS: Readonly<Record<string, number>> = { [`new_${NEW}`]: 100, new_0: 30 };

export async function podcast(): Promise<Figure[]> {
  const rig = await startRig();
  const host = await startFeedServer();
  try {
    const repository = await rig.repository(0, false);
    const runs: [string, number, number][] = [
      [`first_${EPISODES - NEW}`, EPISODES - NEW, EPISODES - NEW],
      [`new_${NEW}`, EPISODES, NEW],
      ['new_0', EPISODES, 0],
    ];
    const figures: Figure[] = [];
    for (const [name, episodes, fresh] of runs) {
      const feed = publish(host, episodes);
      figures.push(...figuresOf(name, await measured(rig, host, repository, feed, fresh)));
    }
    return figures;
  } finally {
    await host.stop();
    await rig.stop();
  }
}

async function measured(
  rig: TranscribeRig,
  host: FeedServer,
  repository: Repository,
  feed: string,
  fresh: number,
): Promise<Record<string, number>> {
  const mark = await rig.aws.mark();
  const sent = host.sent();
  host.asked();
  const { seconds, cpu, memory, outputs } = await rig.transcribe(repository, {
    feeds: feed,
    'max-episodes': String(EPISODES),
    'allow-private-addresses': 'true',
  });
  if (Number(outputs['transcribed']) !== fresh) {
    throw new Error(`Of ${fresh} new episodes, these were transcribed: ${outputs['transcribed']}`);
  }
  const requests = await rig.aws.requests(mark);
  return {
    requests: requests.length,
    requests_to_host: host.asked().length,
    bytes_from_host: host.sent() - sent,
    bytes_to_aws: requests.reduce((sum, { bytes_in }) => sum + bytes_in, 0),
    seconds,
    cpu_seconds: cpu / 1000,
    peak_rss_mb: memory,
  };
}

/** A feed with so many episodes, the newest first, each with notes as hosts have them. */
function publish(host: FeedServer, episodes: number): string {
  const items = Array.from({ length: episodes }, (_, index) => {
    const number = episodes - index;
    const audio = Buffer.from(`\n${number}`.padEnd(AUDIO, '\0'));
    const enclosure = host.on(`/${number}.mp3`, whole(audio, { 'content-type': 'audio/mpeg', etag: `"${number}"` }));
    const published = new Date(Date.UTC(2020, 0, number)).toUTCString();
    const notes = `<p>Links of part ${number}.</p>`.repeat(40);
    return `<item><title>Part ${number}</title><guid isPermaLink="false">${number}</guid><pubDate>${published}</pubDate>
<description><![CDATA[${notes}]]></description><enclosure url="${enclosure}" type="audio/mpeg" length="${AUDIO}"/></item>`;
  });
  const feed = `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>A long podcast</title><language>en</language>
${items.join('\n')}
</channel></rss>
`;
  return host.on(
    '/feed.xml',
    whole(gzipSync(feed), { 'content-type': 'application/rss+xml', 'content-encoding': 'gzip' }),
  );
}

const UNITS: Readonly<Record<string, string>> = {
  requests: 'requests',
  requests_to_host: 'requests',
  bytes_from_host: 'bytes',
  bytes_to_aws: 'bytes',
  peak_rss_mb: 'MB',
};

const figuresOf = (name: string, values: Record<string, number>): Figure[] =>
  Object.entries(values).map(([metric, value]) => {
    const bar = metric === 'requests' ? BARS[name] : undefined;
    return {
      bench: 'podcast',
      case: name,
      metric,
      value: Number(value.toFixed(3)),
      unit: UNITS[metric] ?? 's',
      ...(bar !== undefined && { bar, ok: value <= bar }),
    };
  });
