// bench/ uses it too, without a build: types are all that it may import.
import type { Presentation } from '../../src/transcript/presentation.js';
import type { Segment, Transcript } from '../../src/transcript/transcript.js';

/** A segment whose words take the same time each; seconds. */
export function segmentOf(text: string, start: number, end: number, speaker?: string): Segment {
  const parts = text.split(' ');
  const each = (end - start) / parts.length;
  const words = parts.map((word, index) => ({ word, start: start + index * each, end: start + (index + 1) * each }));
  return { start, end, text, words, ...(speaker === undefined ? {} : { speaker }) };
}

export const transcriptOf = (segments: Segment[], language = 'en'): Transcript => ({
  schema_version: 1,
  model: 'base',
  model_revision: '0123456789ab',
  transcriber: '1',
  language,
  duration: segments.at(-1)?.end ?? 0,
  segments,
});

export const presentationOf = (given: Partial<Presentation> = {}): Presentation => ({
  title: 'An episode',
  cues: { lineColumns: 42, lines: 2, seconds: 7, gapSeconds: 1.5 },
  speakers: [],
  ...given,
});

/** A conversation of three hours, 30,000 words in 3,000 segments. */
export function threeHours(): Transcript {
  const words = 'what we found there was not at all expected'.split(' ');
  const segments = Array.from({ length: 3000 }, (_, index) => {
    const text = `${words.map((_word, place) => words[(place * (index % 7) + index) % words.length]).join(' ')} number-${index}.`;
    return segmentOf(text, index * 3.6, index * 3.6 + 3.4, String(1 + (Math.floor(index / 12) % 2)));
  });
  return transcriptOf(segments);
}
