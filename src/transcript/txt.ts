import { oneLine, type Transcript } from './transcript.js';

/** Plain text, one segment a line. */
export function writeTxt({ segments }: Transcript): string {
  return segments
    .map(({ text }) => oneLine(text))
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('');
}
