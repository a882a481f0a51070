/** What tells an item of a feed from the others, as it is written there. */
export interface ItemIdentity {
  /** guid of RSS, id of Atom. */
  guid?: string | undefined;
  /** Address of the enclosure. */
  enclosure: string;
}

/** Types that name no single file with sound are left to the extension, and lists of such files are none. */
const SOUND = /^(audio|video)\/(?!.*mpegurl)/i;
const EXTENSION = /\.(mp3|m4[abv]|mp4|mov|aac|og[ag]|opus|wav|flac|web[am]|mkv|wma|amr|aiff?)$/i;

/** Whether an enclosure can be listened to: by its type, or, as many types are wrong, by its name. */
export const isAudio = ({ url = '', type = '' }: { url?: string | undefined; type?: string | undefined }): boolean =>
  SOUND.test(type) || EXTENSION.test(url.trim().replace(/[?#].*$/s, ''));

/**
 * Ids of a feed's items, one each. Some hosts give several items one guid; those go by their enclosures, so that none
 * hides another, and none changes its id when the next one comes.
 * @returns undefined for an item that was there before
 */
export function episodeIds(items: readonly ItemIdentity[]): (string | undefined)[] {
  const enclosures = new Map<string, Set<string>>();
  for (const { guid, enclosure } of items) {
    if (guid === undefined) continue;
    const known = enclosures.get(guid) ?? new Set();
    enclosures.set(guid, known.add(enclosure));
  }
  const seen = new Set<string>();
  return items.map(({ guid, enclosure }) => {
    const id = guid !== undefined && enclosures.get(guid)?.size === 1 ? guid : enclosure;
    if (seen.has(id)) return undefined;
    seen.add(id);
    return id;
  });
}
