import type { XmlElement } from '@rgrove/parse-xml';
import { elements, parseXmlFeed, xmlItems } from './xml-items.js';
import { xmlValue } from './xml-text.js';

/** A transcript that apps for podcasts find (Podcasting 2.0, `<podcast:transcript>`). */
export interface TranscriptTag {
  url: string;
  /** `text/vtt`, `application/x-subrip`, `text/html`, `text/plain` or `application/json`. */
  type: string;
  /** Without it, it is the feed's. */
  language?: string;
  /** `captions`: it has times. */
  rel?: string;
}

/** The first is the one to write; some feeds have the older one. */
const NAMESPACES = [
  'https://podcastindex.org/namespace/1.0',
  'https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md',
];
const PREFIX = 'podcast';

/** Text that takes the place of a piece of the feed. */
interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Tags to paste into an `<item>`, a line each. */
export const transcriptTags = (tags: readonly TranscriptTag[]): string =>
  tags.map((tag) => transcriptTag(tag, PREFIX)).join('\n');

/**
 * A copy of a feed with the tags in its episodes, to be written as UTF-8. A tag whose address an episode already has is
 * replaced. All else stays as it is, character by character. Episodes that are no longer in the feed are left out.
 * @param xml which `parseFeed` has read: its ids name the episodes
 * @throws UserError when it is not well-formed
 */
export function withTranscripts(xml: string, added: readonly { id: string; tags: readonly TranscriptTag[] }[]): string {
  const root = parseXmlFeed(xml);
  const tags = new Map(added.map((episode) => [episode.id, episode.tags]));
  const { prefix, edits } = namespacePrefix(root);
  for (const { id, item } of xmlItems(root)) edits.push(...itemEdits(xml, item, tags.get(id) ?? [], prefix));
  return edited(xml, [...edits, ...declaredUtf8(xml)]);
}

function itemEdits(xml: string, item: XmlElement, tags: readonly TranscriptTag[], prefix: string): Edit[] {
  const present = elements(item, /^transcript$/);
  const last = elements(item).at(-1);
  return tags.flatMap((tag) => {
    const text = transcriptTag(tag, prefix);
    const old = present.find(({ attributes }) => attributes['url']?.trim() === tag.url);
    if (old) return [{ start: old.start, end: old.end, text }];
    // An episode has an enclosure at least.
    return last ? [{ start: last.end, end: last.end, text: lineStart(xml, last.start) + text }] : [];
  });
}

/** The line break and the indentation before a place; nothing, when something else stands before it. */
function lineStart(xml: string, place: number): string {
  let start = place;
  while (start > 0 && /[ \t]/.test(xml[start - 1] ?? '')) start--;
  if (xml[start - 1] !== '\n') return '';
  return xml.slice(xml[start - 2] === '\r' ? start - 2 : start - 1, place);
}

/** What the namespace is called in this feed; where it has no name yet, it gets one. */
function namespacePrefix(root: XmlElement): { prefix: string; edits: Edit[] } {
  const names = Object.entries(root.attributes).flatMap(([name, value]) =>
    name.startsWith('xmlns:') ? [{ prefix: name.slice(6), uri: value }] : [],
  );
  const known = names.find(({ uri }) => NAMESPACES.includes(uri));
  if (known) return { prefix: known.prefix, edits: [] };
  let prefix = PREFIX;
  while (names.some((name) => name.prefix === prefix)) prefix += '2';
  const place = root.start + 1 + root.name.length;
  return { prefix, edits: [{ start: place, end: place, text: ` xmlns:${prefix}="${NAMESPACES[0]}"` }] };
}

/** The copy is in UTF-8, whatever the feed was in. */
function declaredUtf8(xml: string): Edit[] {
  const [, before = '', encoding = 'UTF-8'] = /^(<\?xml[^>]*?\sencoding\s*=\s*["'])([^"']*)/.exec(xml) ?? [];
  if (encoding.toUpperCase() === 'UTF-8') return [];
  return [{ start: before.length, end: before.length + encoding.length, text: 'UTF-8' }];
}

/** @param edits do not overlap; those at one place stay in their order */
function edited(xml: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let done = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(xml.slice(done, start), text);
    done = end;
  }
  return pieces.join('') + xml.slice(done);
}

function transcriptTag({ url, type, language, rel }: TranscriptTag, prefix: string): string {
  const attributes = Object.entries({ url, type, language, rel }).filter(([, value]) => value !== undefined);
  const written = attributes.map(([name, value = '']) => ` ${name}="${xmlValue(value)}"`);
  return `<${prefix}:transcript${written.join('')}/>`;
}
