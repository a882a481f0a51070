import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { UserError } from '../errors.js';
import { webAddress } from './address.js';
import { episodeIds, isAudio } from './items.js';

/** An episode's element in the text of a feed. */
export interface XmlItem {
  /** As `parseFeed` gives it. */
  id: string;
  item: XmlElement;
}

/** The root of a feed, whose nodes know where in the text they are. @throws UserError when it is not well-formed */
export function parseXmlFeed(xml: string): XmlElement {
  let cause: unknown = new Error('it has no element');
  try {
    const { root } = parseXml(xml, { includeOffsets: true, ignoreUndefinedEntities: true });
    if (root) return root;
  } catch (error) {
    cause = error;
  }
  // Its other lines are an excerpt of the feed.
  const [where] = (cause as Error).message.split('\n');
  throw new UserError(
    `The feed cannot be copied, as it is not well-formed XML: ${where}`,
    'Apps may refuse it too: a feed validator shows more. The tags can still be pasted where the feed is made.',
    { cause },
  );
}

/** The episodes under a feed's root. */
export function xmlItems(root: XmlElement): XmlItem[] {
  const channel = elements(root).filter(({ name }) => localName(name) === 'channel');
  const items = [root, ...channel].flatMap((parent) => elements(parent, /^(item|entry)$/));
  const heard = items.flatMap((item) => {
    const audio = enclosuresOf(item).find(isAudio);
    // Where the feed was found does not matter for whether an address is one of the web.
    const usable = webAddress(audio?.url, 'https://feed.invalid/') !== undefined;
    return audio?.url === undefined || !usable ? [] : [{ item, guid: guidOf(item), enclosure: audio.url }];
  });
  const ids = episodeIds(heard);
  return heard.flatMap(({ item }, index) => {
    const id = ids[index];
    return id === undefined ? [] : [{ id, item }];
  });
}

/** The elements in an element, those with such local names if it is given. */
export const elements = (parent: XmlElement, names?: RegExp): XmlElement[] =>
  parent.children.filter(
    (child) => child instanceof XmlElement && (names?.test(localName(child.name)) ?? true),
  ) as XmlElement[];

const guidOf = (item: XmlElement): string | undefined => {
  const [guid] = elements(item).filter(({ name }) => name === sibling(item, isEntry(item) ? 'id' : 'guid'));
  return guid?.text.trim() || undefined;
};

function enclosuresOf(item: XmlElement): { url: string | undefined; type: string | undefined }[] {
  const links = elements(item).filter(({ name }) => name === sibling(item, isEntry(item) ? 'link' : 'enclosure'));
  return isEntry(item)
    ? links
        .filter(({ attributes }) => attributes['rel'] === 'enclosure')
        .map(({ attributes }) => ({ url: attributes['href']?.trim(), type: attributes['type'] }))
    : links.map(({ attributes }) => ({ url: attributes['url']?.trim(), type: attributes['type'] }));
}

const isEntry = ({ name }: XmlElement): boolean => localName(name) === 'entry';

/** The name of another element of the same vocabulary: `atom:entry` has an `atom:id`. */
const sibling = ({ name }: XmlElement, local: string): string => name.slice(0, name.lastIndexOf(':') + 1) + local;

export const localName = (name: string): string => name.slice(name.lastIndexOf(':') + 1);
