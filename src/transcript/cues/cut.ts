import { type CueRules, MINIMUM_SECONDS } from '../cue-rules.js';
import { ENDING } from './endings.js';
import { EMPTY, fill } from './lines.js';
import type { Piece } from './pieces.js';

/** Costs of a cue, beside those of where it ends. */
const COST = {
  /** Every cue is one more thing to take in. */
  cue: 3,
  /** Shown for no time at all; up to MINIMUM_SECONDS proportionally less. */
  flash: 6,
  /** Empty; else by the square of what is blank, so that a long sentence is cut into parts of much the same length. */
  blank: 2,
};

/**
 * Cuts what one speaker says into cues within the rules: at every pause that is too long, and between those in the way
 * that reads best, which is the one with the least sum of costs (Knuth and Plass, Breaking Paragraphs into Lines, 1981).
 */
export const cutIntoCues = (pieces: readonly Piece[], rules: CueRules): Piece[][] =>
  betweenPauses(pieces, rules.gapSeconds).flatMap((group) => cut(group, rules));

function betweenPauses(pieces: readonly Piece[], gapSeconds: number): Piece[][] {
  const groups: Piece[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const piece of pieces) {
    if (piece.start - end > gapSeconds) groups.push([]);
    groups.at(-1)?.push(piece);
    end = piece.end;
  }
  return groups;
}

function cut(pieces: readonly Piece[], rules: CueRules): Piece[][] {
  const best: { cost: number; from: number }[] = [{ cost: 0, from: 0 }];
  for (let from = 0; from < pieces.length; from++) {
    const before = best[from]?.cost ?? 0;
    for (const { to, cost } of cuesFrom(pieces, from, rules)) {
      if (before + cost < (best[to]?.cost ?? Number.POSITIVE_INFINITY)) best[to] = { cost: before + cost, from };
    }
  }
  const cues: Piece[][] = [];
  for (let to = pieces.length; to > 0; to = best[to]?.from ?? 0) cues.push(pieces.slice(best[to]?.from, to));
  return cues.reverse();
}

/** Every cue that begins with a piece: where it ends, and what it costs. A piece that alone breaks a rule is a cue. */
function* cuesFrom(pieces: readonly Piece[], from: number, rules: CueRules): Generator<{ to: number; cost: number }> {
  const start = pieces[from]?.start ?? 0;
  let filling = EMPTY;
  let width = 0;
  let crossed = 0;
  for (let to = from + 1; to <= pieces.length; to++) {
    const piece = pieces[to - 1];
    if (!piece) return;
    filling = fill(filling, piece, rules.lineColumns);
    const seconds = piece.end - start;
    if (to > from + 1 && (filling.lines > rules.lines || seconds > rules.seconds)) return;
    width += piece.columns;
    const blank = Math.max(0, 1 - width / (rules.lineColumns * rules.lines));
    const flash = Math.max(0, 1 - seconds / MINIMUM_SECONDS);
    const { here, none } = ENDING[piece.ending];
    yield { to, cost: COST.cue + COST.blank * blank ** 2 + COST.flash * flash + crossed + here };
    crossed += none;
  }
}
