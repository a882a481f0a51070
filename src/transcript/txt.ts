import { speakerOf, type Writer } from './presentation.js';
import { oneLine } from './transcript.js';

/** Plain text, one segment a line, with its speaker where one is known. */
export const writeTxt: Writer = ({ segments }, presentation) =>
  segments
    .map((segment) => ({ text: oneLine(segment.text), speaker: speakerOf(segment, presentation) }))
    .filter(({ text }) => text !== '')
    .map(({ text, speaker }) => (speaker === undefined ? `${text}\n` : `${speaker}: ${text}\n`))
    .join('');
