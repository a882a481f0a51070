import { joint } from '../scripts.js';
import { oneLine, type Segment, type Transcript, textLanguage } from '../transcript.js';
import { columns } from './columns.js';

/** What one speaker says until another one does: a text on one line, and when each of its characters is said. */
export interface Turn {
  speaker: string | undefined;
  text: string;
  /** Offsets at which its segments begin. */
  segments: number[];
  /** Seconds, by the offset of the character; a space has none. */
  starts: number[];
  ends: number[];
}

/** Segments that follow each other and have one speaker are a turn. Segments without text are none. */
export function turnsOf(transcript: Transcript): Turn[] {
  const turns: Turn[] = [];
  const language = textLanguage(transcript);
  const segments = transcript.segments.filter(({ text }) => oneLine(text) !== '');
  for (const [index, segment] of segments.entries()) {
    const text = oneLine(segment.text);
    let turn = turns.at(-1);
    if (!turn || turn.speaker !== segment.speaker) {
      turn = { speaker: segment.speaker, text: '', segments: [], starts: [], ends: [] };
      turns.push(turn);
    }
    turn.text += joint(turn.text, text, language);
    turn.segments.push(turn.text.length);
    say(turn, { ...segment, end: endOf(segment, segments[index + 1]) }, text);
  }
  return turns;
}

/** Whisper's segments overlap now and then: the one before gives way, where it keeps some time. */
function endOf({ start, end, speaker }: Segment, next: Segment | undefined): number {
  const isCut = next && next.speaker === speaker && next.start > start && next.start < end;
  return isCut ? next.start : Math.max(start, end);
}

/** Appends a segment's text: by the times of its words where they spell the text, else shared out over its time. */
function say(turn: Turn, segment: Segment, text: string): void {
  const offsets = Array.from(text.matchAll(/\S/gu), ({ index }) => turn.text.length + index);
  turn.text += text;
  let next = 0;
  for (const { start, end, letters } of spokenWords(segment, text)) {
    const widths = widthsOf(letters);
    const from = within(start, segment);
    const seconds = Math.max(0, within(end, segment) - from);
    const total = Math.max(1, sum(widths));
    let before = 0;
    for (const width of widths) {
      const offset = offsets[next++] ?? 0;
      turn.starts[offset] = from + (seconds * before) / total;
      before += width;
      turn.ends[offset] = from + (seconds * before) / total;
    }
  }
}

interface Spoken {
  start: number;
  end: number;
  letters: string[];
}

function spokenWords({ start, end, words = [] }: Segment, text: string): Spoken[] {
  const lettersOf = (said: string) => [...said.replace(/\s+/g, '')];
  const spoken = words.map((word) => ({ start: word.start, end: word.end, letters: lettersOf(word.word) }));
  const letters = lettersOf(text);
  return spoken.flatMap((word) => word.letters).join('') === letters.join('') ? spoken : [{ start, end, letters }];
}

/** Marks take no time, unless there is nothing else. */
function widthsOf(letters: readonly string[]): number[] {
  const said = letters.map((letter) => (/[\p{L}\p{N}]/u.test(letter) ? columns(letter) : 0));
  return sum(said) > 0 ? said : letters.map(columns);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Words are said within their segment, whatever their times say. */
const within = (time: number, { start, end }: Segment): number => Math.max(start, Math.min(time, end));
