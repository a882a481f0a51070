import { speakerOf, type Writer } from './presentation.js';
import { oneLine } from './transcript.js';

/**
 * JSON of the Podcasting 2.0 `<podcast:transcript>` tag, version 1.0.0.
 * https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/transcripts/transcripts.md
 */
export const writePodcast: Writer = ({ segments }, presentation) => {
  const written = segments
    .map((segment) => ({
      speaker: speakerOf(segment, presentation),
      startTime: segment.start,
      endTime: segment.end,
      body: oneLine(segment.text),
    }))
    .filter(({ body }) => body !== '');
  return `${JSON.stringify({ version: '1.0.0', segments: written }, undefined, 2)}\n`;
};
