import { oneLine, type Transcript } from './transcript.js';

/** A caption: `start` and `end` in whole milliseconds, `text` on one line. */
export interface Cue {
  start: number;
  end: number;
  text: string;
}

/**
 * One cue a segment that has text. The cues do not overlap, each lasts at least a millisecond (WebVTT wants
 * end > start), and none goes past the audio's duration. No text is lost: what has no room joins the cue before it.
 */
export function cuesOf({ segments, duration }: Transcript): Cue[] {
  const last = Math.max(1, milliseconds(duration));
  const cues: Cue[] = [];
  for (const segment of segments) {
    const text = oneLine(segment.text);
    if (text === '') continue;
    const previous = cues.at(-1);
    const cue = { start: Math.min(milliseconds(segment.start), last), end: milliseconds(segment.end), text };
    if (previous) {
      // Whisper's segments overlap now and then: the one before gives way, where it keeps some time.
      if (cue.start > previous.start) previous.end = Math.min(previous.end, cue.start);
      cue.start = Math.max(cue.start, previous.end);
    }
    if (cue.start < last) cues.push({ ...cue, end: Math.min(Math.max(cue.end, cue.start + 1), last) });
    else if (previous) previous.text += ` ${text}`;
    else cues.push({ start: last - 1, end: last, text });
  }
  return cues;
}

const milliseconds = (seconds: number): number => Math.max(0, Math.round(seconds * 1000));

/** `hh:mm:ss` and the milliseconds after `separator`. Hours grow past two digits. */
export function timestamp(time: number, separator: ',' | '.'): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const clock = `${two(time / 3_600_000)}:${two((time / 60_000) % 60)}:${two((time / 1000) % 60)}`;
  return `${clock}${separator}${String(time % 1000).padStart(3, '0')}`;
}
