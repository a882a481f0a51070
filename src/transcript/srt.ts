import { cuesOf, timestamp } from './cues.js';
import type { Transcript } from './transcript.js';

/** SubRip captions. The format has no escapes, so an arrow in the text, which parsers take for a time line, is drawn. */
export function writeSrt(transcript: Transcript): string {
  return cuesOf(transcript)
    .map(
      ({ start, end, text }, index) =>
        `${index + 1}\n${timestamp(start, ',')} --> ${timestamp(end, ',')}\n${text.replaceAll('-->', '→')}\n`,
    )
    .join('\n');
}
