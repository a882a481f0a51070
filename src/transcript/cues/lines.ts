import { ENDING } from './endings.js';
import type { Piece } from './pieces.js';

/** Fills lines one after the other, which takes as few lines as there can be. */
export interface Filling {
  lines: number;
  /** Columns of the line that is being filled. */
  columns: number;
}

/** What the ending of a line matters, next to the square of its blank part. */
const BREAK_WEIGHT = 1 / 50;

export const EMPTY: Filling = { lines: 0, columns: 0 };

export function fill({ lines, columns }: Filling, piece: Piece, lineColumns: number): Filling {
  const longer = columns + (piece.spaced ? 1 : 0) + piece.columns;
  return lines > 0 && longer <= lineColumns ? { lines, columns: longer } : { lines: lines + 1, columns: piece.columns };
}

/**
 * Breaks a cue's text into as few lines as it needs, of much the same width, rather where a sentence or a clause ends:
 * of all ways to do so, the one with the least sum of squared blanks.
 */
export function linesOf(pieces: readonly Piece[], lineColumns: number): string[] {
  const count = pieces.reduce((filling, piece) => fill(filling, piece, lineColumns), EMPTY).lines;
  // The best way to set the pieces before an index on as many lines as the loop has come to.
  let best: (Broken | undefined)[] = [{ cost: 0, lines: [] }];
  for (let line = 1; line <= count; line++) {
    best = [undefined, ...pieces.map((_, index) => lastLine(best, pieces, index + 1, lineColumns))];
  }
  return best[pieces.length]?.lines ?? [textOf(pieces)];
}

interface Broken {
  cost: number;
  lines: string[];
}

/** The best way to end with a line whose last piece is before `end`. */
function lastLine(
  before: readonly (Broken | undefined)[],
  pieces: readonly Piece[],
  end: number,
  lineColumns: number,
): Broken | undefined {
  let best: Broken | undefined;
  let width = 0;
  for (let start = end - 1; start >= 0; start--) {
    const piece = pieces[start];
    if (!piece) break;
    width += piece.columns + (start < end - 1 && pieces[start + 1]?.spaced ? 1 : 0);
    // A piece that is wider than a line has a line of its own.
    if (width > lineColumns && start < end - 1) break;
    const rest = before[start];
    if (!rest) continue;
    const blank = Math.max(0, 1 - width / lineColumns);
    const last = pieces[end - 1];
    const breaks = last && end < pieces.length ? ENDING[last.ending].here * BREAK_WEIGHT : 0;
    const cost = rest.cost + blank * blank + breaks;
    if (!best || cost < best.cost) best = { cost, lines: [...rest.lines, textOf(pieces.slice(start, end))] };
  }
  return best;
}

export const textOf = (pieces: readonly Piece[]): string =>
  pieces.map(({ text, spaced }, index) => (spaced && index > 0 ? ` ${text}` : text)).join('');
