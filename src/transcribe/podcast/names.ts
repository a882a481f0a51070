import filenamify from 'filenamify';

/** UTF-16 units: what Windows counts in a path of 260, folders included. */
const MOST_UNITS = 100;
/** Of 255 that a name may have on most disks; an extension and a number may follow. */
const MOST_BYTES = 220;

/**
 * A title as the name of a file or folder, without an extension: small letters and digits of every script, with hyphens
 * between them. So it needs no quoting anywhere, and two names never differ in case or accents' spelling alone. Pure.
 * @param otherwise the name of what has no letter and no digit
 */
export function slug(title: string, otherwise: string): string {
  const words = title
    .toWellFormed()
    // Compatibility: full-width letters and half-width kana become the usual ones.
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFC')
    // An apostrophe is in the middle of a word.
    .replace(/(?<=\p{L})['’](?=\p{L})/gu, '')
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  const short = shortened(words).replace(/-+$/, '');
  // What is left to it are the names that Windows keeps for devices.
  return filenamify(short || otherwise, { replacement: '-', maxLength: MOST_UNITS });
}

/** `2026-11-20-how-to-sail`; the day is that of UTC. */
export function datedName({ title, published }: { title: string; published?: Date }, id: string): string {
  const name = slug(title, `episode-${id.slice(0, 8)}`);
  if (!published) return name;
  return shortened(`${published.toISOString().slice(0, 10)}-${name}`).replace(/-+$/, '');
}

/** The first of `name`, `name-2`, `name-3` that is not taken. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name;
  let number = 2;
  while (isTaken(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}

/** Cut between characters as people see them, and rather between words where one ends in the last third. */
function shortened(text: string): string {
  if (fits(text)) return text;
  let short = '';
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    if (!fits(short + segment)) break;
    short += segment;
  }
  const lastWord = short.lastIndexOf('-');
  return lastWord > (short.length * 2) / 3 ? short.slice(0, lastWord) : short;
}

const fits = (text: string): boolean => text.length <= MOST_UNITS && Buffer.byteLength(text) <= MOST_BYTES;
