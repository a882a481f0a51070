import { endsSentence } from './cues/endings.js';
import { oneLine, type Segment, type Transcript } from './transcript.js';

/** Segments that are read as one. */
export interface Paragraph {
  /** Number of the track, where channels were split. */
  speaker: string | undefined;
  segments: Segment[];
}

/** A pause longer than this begins a new paragraph, seconds. */
const PAUSE = 2;
/** From here on a paragraph ends with its sentence, and at the second length with any segment; characters. */
const LENGTH = 400;
const MOST = 1000;

export function paragraphsOf({ segments }: Transcript): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let length = 0;
  for (const segment of segments) {
    const text = oneLine(segment.text);
    if (text === '') continue;
    const { speaker } = segment;
    const paragraph = paragraphs.at(-1);
    const before = paragraph?.segments.at(-1);
    const full = length > MOST || (length > LENGTH && endsSentence(oneLine(before?.text ?? '')));
    if (paragraph && before && !full && speaker === paragraph.speaker && segment.start - before.end <= PAUSE) {
      paragraph.segments.push(segment);
      length += text.length;
    } else {
      paragraphs.push({ speaker, segments: [segment] });
      length = text.length;
    }
  }
  return paragraphs;
}
