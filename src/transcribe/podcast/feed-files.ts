import { posix } from 'node:path';
import type { Context } from '../../context.js';
import type { TranscriptTag } from '../../feeds/transcript-tags.js';
import { xmlText } from '../../feeds/xml-text.js';
import type { Published, PublishedFile } from '../../ledger/published.js';
import type { Format, TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { extensions } from '../../transcript/formats.js';
import { readFileWithin, writeFileWithin } from '../publish/write.js';
import { transcriptPlace } from '../select/place.js';
import type { Show, ShowEpisode } from './shows.js';

/** An episode with the transcripts that its feed may name. */
interface Tagged extends ShowEpisode {
  tags: TranscriptTag[];
}

/**
 * Writes what a feed needs to name its transcripts into the folder of its show: the tags to paste, or a copy of the feed
 * that has them.
 * @returns paths in the workspace
 */
export async function writeFeeds(
  { log }: Pick<Context, 'log'>,
  settings: TranscribeSettings,
  published: Published,
  shows: readonly Show[],
): Promise<string[]> {
  const { podcast, workspace } = settings;
  const written: string[] = [];
  if (podcast.feedCopy === 'none') return written;
  const { transcriptTags, withTranscripts } = await import('../../feeds/transcript-tags.js');
  for (const show of shows) {
    const title = shown(show.feed.title);
    const { folder, episodes } = taggedOf(settings, published, show);
    if (folder === undefined) continue;
    if (podcast.feedCopy === 'copy' && show.isPrivate) {
      log.warning(
        `${title}: its feed is private, so a copy would give away its addresses; the tags alone are written.`,
      );
    }
    try {
      if (podcast.feedCopy === 'copy' && !show.isPrivate) {
        const path = posix.join(folder, 'feed.xml');
        const added = episodes.map(({ told, tags }) => ({ id: told.id, tags }));
        await writeFresh(workspace, path, withTranscripts(show.feed.xml, added));
        written.push(path);
      } else {
        const path = posix.join(folder, 'transcript-tags.xml');
        await writeFileWithin(workspace, path, tagsFile(show, episodes, transcriptTags));
        written.push(path);
      }
    } catch (error) {
      log.warning(`${title}: the tags of its transcripts could not be written: ${shown((error as Error).message)}`);
    }
  }
  return written;
}

/** The episodes of the feed that have transcripts, and the folder of these; undefined: none has. */
function taggedOf(settings: TranscribeSettings, published: Published, show: Show) {
  const notes = new Map<string | undefined, { place: string; entry: PublishedFile }>();
  for (const [place, entry] of published.entries()) {
    if (place === transcriptPlace(entry.path, settings.outputFolder)) notes.set(entry.episode?.key, { place, entry });
  }
  let folder: string | undefined;
  const episodes = show.episodes.flatMap((episode): Tagged[] => {
    const note = notes.get(episode.key);
    const tags = note && note.entry.refused === undefined ? tagsOf(settings, note.place, note.entry) : [];
    if (!note || tags.length === 0) return [];
    folder ??= posix.dirname(note.place);
    return [{ ...episode, tags }];
  });
  return { folder, episodes };
}

/** Those that Podcasting 2.0 knows. */
const TYPES: Partial<Record<Format, string>> = {
  vtt: 'text/vtt',
  srt: 'application/x-subrip',
  podcast: 'application/json',
  html: 'text/html',
  txt: 'text/plain',
};
/** They have times. */
const CAPTIONS: readonly Format[] = ['vtt', 'srt', 'podcast'];

/** In the order in which apps like them. */
function tagsOf(
  { podcast: { publicBaseUrl = '' }, outputFolder, formats, options }: TranscribeSettings,
  place: string,
  { digests, language }: PublishedFile,
): TranscriptTag[] {
  const path = posix.relative(outputFolder, place).split('/').map(encodeURIComponent).join('/');
  return (Object.keys(TYPES) as Format[])
    .filter((format) => formats.includes(format) && digests[format] !== undefined)
    .map((format) => ({
      url: `${publicBaseUrl}${path}.${extensions[format]}`,
      type: TYPES[format] ?? '',
      language: options.task === 'translate' ? 'en' : language,
      ...(CAPTIONS.includes(format) && { rel: 'captions' }),
    }));
}

/** A small feed, for people to paste from and for programs to read. Pure. */
function tagsFile(
  { feed }: Show,
  episodes: readonly Tagged[],
  linesOf: (tags: readonly TranscriptTag[]) => string,
): string {
  const items = episodes.map(({ facts, tags }) => {
    const guid = facts.guid === undefined ? [] : [`<guid isPermaLink="false">${xmlText(facts.guid)}</guid>`];
    const lines = [`<title>${xmlText(facts.title)}</title>`, ...guid, ...linesOf(tags).split('\n')];
    return `    <item>\n${lines.map((line) => `      ${line}\n`).join('')}    </item>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- The tags of each episode's transcripts, the newest first, to be pasted into its item in the feed. -->
<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0">
  <channel>
    <title>${xmlText(feed.title)}</title>
${items.join('')}  </channel>
</rss>
`;
}

/** Some hosts write the time of the request into the head of a feed: that alone makes no new copy. */
async function writeFresh(workspace: string, path: string, content: string): Promise<void> {
  const existing = (await readFileWithin(workspace, path))?.toString();
  if (existing === undefined || timeless(existing) !== timeless(content))
    await writeFileWithin(workspace, path, content);
}

function timeless(feed: string): string {
  const start = feed.search(/<(?:item|entry)[\s>]/);
  const head = start === -1 ? feed : feed.slice(0, start);
  return head.replace(/<(lastBuildDate|pubDate|updated)>[^<]*<\/\1>/g, '') + feed.slice(head.length);
}
