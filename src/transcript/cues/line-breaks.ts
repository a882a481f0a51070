import { hasUnspaced } from '../scripts.js';
import { columns } from './columns.js';
import { leadingClosing, mayBreakBetween, mayBreakInside, trailingOpening } from './kinsoku.js';
import { characterStarts, phraseStarts, wordStarts } from './phrases.js';

/** A part of a text in which no line breaks: from its first character to behind its last, without spaces around it. */
export interface Span {
  from: number;
  to: number;
}

/** From coarse to fine: a phrase that is too wide for a line is broken between its words, a word between characters. */
const SPLITS = [phraseStarts, wordStarts, characterStarts];

/**
 * The parts of a text that stay whole. Scripts with spaces break at spaces, others at phrases; where a part of those
 * is wider than `lineColumns`, within it. Kinsoku holds everywhere.
 * @param text on one line
 * @param utterances offsets at which utterances begin, spaces or not
 */
export function unbreakable(
  text: string,
  utterances: readonly number[],
  language: string,
  lineColumns: number,
): Span[] {
  const edges = [...new Set([...spaces(text), ...utterances])].sort((a, b) => a - b);
  const whole = between(
    text,
    0,
    text.length,
    edges.flatMap((edge) => mendedEdge(text, edge)),
  );
  return whole.flatMap((span) => split(text, span, language, lineColumns, 0));
}

const spaces = (text: string): number[] => Array.from(text.matchAll(/ /g), ({ index }) => index + 1);

/** Characters around an edge that matter: no run of marks is longer. */
const NEAR = 16;

/** Where the line may break at a space or between utterances; marks on the wrong side of it go to the other one. */
function mendedEdge(text: string, edge: number): number[] {
  const end = text[edge - 1] === ' ' ? edge - 1 : edge;
  const before = text.slice(Math.max(0, end - NEAR), end);
  const after = text.slice(edge, edge + NEAR);
  const moved = leadingClosing(after) || -trailingOpening(before);
  if (moved !== 0) {
    const place = moved > 0 ? edge + moved : end + moved;
    return text[place] !== ' ' && mayBreakInside(text, place) ? [place] : [];
  }
  return mayBreakBetween(before.slice(before.lastIndexOf(' ') + 1), after.split(' ', 1)[0] ?? '') ? [edge] : [];
}

function split(text: string, span: Span, language: string, lineColumns: number, level: number): Span[] {
  const starts = SPLITS[level];
  const part = text.slice(span.from, span.to);
  if (!starts || !hasUnspaced(part) || (level > 0 && columns(part) <= lineColumns)) return [span];
  const offsets = starts(part, language).map((start) => span.from + start);
  return between(
    text,
    span.from,
    span.to,
    offsets.filter((offset) => text[offset] !== ' ' && text[offset - 1] !== ' ' && mayBreakInside(text, offset)),
  ).flatMap((piece) => split(text, piece, language, lineColumns, level + 1));
}

function between(text: string, from: number, to: number, offsets: readonly number[]): Span[] {
  const sorted = [...new Set(offsets)].filter((offset) => offset > from && offset < to).sort((a, b) => a - b);
  return [from, ...sorted].map((start, index) => {
    const part = text.slice(start, sorted[index] ?? to);
    return { from: start, to: start + part.trimEnd().length };
  });
}
