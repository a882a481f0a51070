import { cuesOf } from './cues/cues.js';
import { speakerName, type Writer } from './presentation.js';
import { timestamp } from './timestamp.js';

/**
 * SubRip captions, with `Name:` where the speaker changes. The format has no escapes, so an arrow in the text, which
 * parsers take for a time line, is drawn.
 */
export const writeSrt: Writer = (transcript, { cues, speakers }) =>
  cuesOf(transcript, cues, (speaker) => `${speakerName(speaker, speakers)}:`)
    .map(
      ({ start, end, lines }, index) =>
        `${index + 1}\n${timestamp(start, ',')} --> ${timestamp(end, ',')}\n${lines.join('\n').replaceAll('-->', '→')}\n`,
    )
    .join('\n');
