import { cuesOf } from './cues/cues.js';
import { speakerName, type Writer } from './presentation.js';

/**
 * JSON of the Podcasting 2.0 `<podcast:transcript>` tag, version 1.0.0, a cue a segment.
 * https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/transcripts/transcripts.md
 */
export const writePodcast: Writer = (transcript, { cues, speakers }) => {
  const segments = cuesOf(transcript, cues).map(({ start, end, speaker, text }) => ({
    ...(speaker !== undefined && { speaker: speakerName(speaker, speakers) }),
    startTime: start / 1000,
    endTime: end / 1000,
    body: text,
  }));
  return `${JSON.stringify({ version: '1.0.0', segments }, undefined, 2)}\n`;
};
