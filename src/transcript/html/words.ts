import type { Segment } from '../transcript.js';

/**
 * Where in `text` the segment's words begin, and when: pairs of a place (UTF-16 code units) and the hundredths of a second
 * from the segment's start, as `0 0 4 31`. A word that is not in the text is left out; empty without times of words.
 * @param text of the segment, as the page shows it
 */
export function wordPairs(text: string, { start, words = [] }: Segment): string {
  const pairs: number[] = [];
  let place = 0;
  let latest = 0;
  for (const { word, start: begins } of words) {
    const spoken = word.trim();
    const found = spoken === '' ? -1 : text.indexOf(spoken, place);
    if (found === -1) continue;
    latest = Math.max(latest, Math.round((begins - start) * 100));
    pairs.push(found, latest);
    place = found + spoken.length;
  }
  return pairs.join(' ');
}
