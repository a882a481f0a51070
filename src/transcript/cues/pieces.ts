import { joint } from '../scripts.js';
import { columns } from './columns.js';
import { type Ending, endingAt } from './endings.js';
import { unbreakable } from './line-breaks.js';
import type { Turn } from './turns.js';

/** A part of a turn in which neither a line nor a cue breaks. */
export interface Piece {
  text: string;
  /** Whether a space parts it from the piece before. */
  spaced: boolean;
  columns: number;
  /** Seconds. Pieces of a turn neither go back nor overlap. */
  start: number;
  end: number;
  ending: Ending;
}

interface Setting {
  language: string;
  /** Of a line; pieces of scripts without spaces are made to fit it. */
  lineColumns: number;
  /** The last that this speaker said in an earlier turn. */
  before: Piece | undefined;
}

export function piecesOf(turn: Turn, { language, lineColumns, before }: Setting): Piece[] {
  const spans = unbreakable(turn.text, { utterances: turn.segments, language, lineColumns });
  let latest = before?.start ?? 0;
  let segment = 0;
  const pieces = spans.map(({ from, to }) => {
    const text = turn.text.slice(from, to);
    const said = saidAt(turn, text, from);
    latest = Math.max(latest, said.start);
    // Of its last character: an opening bracket was moved here from the segment before.
    while ((turn.segments[segment + 1] ?? Number.POSITIVE_INFINITY) < to) segment++;
    const spaced = from > 0 ? turn.text[from - 1] === ' ' : joint(before?.text ?? '', text, language) === ' ';
    return { text, spaced, columns: columns(text), start: latest, end: Math.max(latest, said.end), segment };
  });
  return pieces.map(({ segment: own, ...piece }, index) => {
    const next = pieces[index + 1];
    if (!next) return { ...piece, ending: 'sentence' };
    const end = Math.min(piece.end, next.start);
    const ending = endingAt({
      before: piece.text,
      after: next.text,
      silence: next.start - end,
      segmentEnds: next.segment > own,
      language,
    });
    return { ...piece, end, ending };
  });
}

/** When a piece is said: marks take no time. */
function saidAt({ starts, ends }: Turn, text: string, from: number): { start: number; end: number } {
  const letters = Array.from(text.matchAll(/[\p{L}\p{N}]/gu), ({ index }) => from + index);
  const all = Array.from(text.matchAll(/\S/gu), ({ index }) => from + index);
  const first = letters[0] ?? all[0] ?? from;
  const last = letters.at(-1) ?? all.at(-1) ?? from;
  return { start: starts[first] ?? 0, end: ends[last] ?? 0 };
}
