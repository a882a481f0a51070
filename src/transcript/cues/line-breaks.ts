import { hasUnspaced, isUnspacedLanguage } from '../scripts.js';
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

interface Setting {
  /** Offsets at which utterances begin, spaces or not. */
  utterances: readonly number[];
  language: string;
  lineColumns: number;
}

/**
 * The parts of a text that stay whole. Languages with spaces break at spaces, others at phrases too; where a part in a
 * script without spaces is wider than `lineColumns`, within it. Kinsoku holds everywhere.
 * @param text on one line
 */
export function unbreakable(text: string, { utterances, language, lineColumns }: Setting): Span[] {
  const edges = [...spaces(text), ...utterances].flatMap((edge) => mendedEdge(text, edge));
  const finer = (span: Span, [starts, ...rest]: typeof SPLITS): Span[] => {
    const part = text.slice(span.from, span.to);
    // In a text with spaces, a name in another script is a word.
    const isWord = starts !== phraseStarts || !isUnspacedLanguage(language);
    const fits = isWord && columns(part) <= lineColumns;
    if (!starts || fits || !hasUnspaced(part)) return [span];
    const offsets = starts(part, language).map((start) => span.from + start);
    const allowed = offsets.filter((offset) => !isAtSpace(text, offset) && mayBreakInside(text, offset));
    return spansBetween(text, span, allowed).flatMap((piece) => finer(piece, rest));
  };
  return spansBetween(text, { from: 0, to: text.length }, edges).flatMap((span) => finer(span, SPLITS));
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

const isAtSpace = (text: string, offset: number): boolean => text[offset] === ' ' || text[offset - 1] === ' ';

function spansBetween(text: string, { from, to }: Span, offsets: readonly number[]): Span[] {
  const inside = [...new Set(offsets)].filter((offset) => offset > from && offset < to).sort((a, b) => a - b);
  return [from, ...inside].map((start, index) => {
    const part = text.slice(start, inside[index] ?? to);
    return { from: start, to: start + part.trimEnd().length };
  });
}
