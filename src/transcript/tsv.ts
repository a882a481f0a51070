import type { Writer } from './presentation.js';
import { oneLine } from './transcript.js';

/** Tab-separated values as OpenAI's whisper writes them: start and end in milliseconds, text, one segment a line. */
export const writeTsv: Writer = ({ segments }) =>
  `start\tend\ttext\n${segments
    .map(({ start, end, text }) => `${Math.round(start * 1000)}\t${Math.round(end * 1000)}\t${oneLine(text)}\n`)
    .join('')}`;
