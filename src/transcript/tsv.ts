import type { Writer } from './presentation.js';
import { oneLine } from './transcript.js';

/** Tab-separated values as OpenAI's whisper writes them: start and end in milliseconds, text, one segment a line. */
export const writeTsv: Writer = ({ segments }) => {
  const rows = segments
    .map(({ start, end, text }) => [Math.round(start * 1000), Math.round(end * 1000), oneLine(text)])
    .filter(([, , text]) => text !== '');
  return [['start', 'end', 'text'], ...rows].map((row) => `${row.join('\t')}\n`).join('');
};
