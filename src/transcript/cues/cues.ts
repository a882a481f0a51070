import type { CueRules } from '../cue-rules.js';
import { type Transcript, textLanguage } from '../transcript.js';
import { columns } from './columns.js';
import { cutIntoCues } from './cut.js';
import { linesOf, textOf } from './lines.js';
import { type Piece, piecesOf } from './pieces.js';
import { shownAt } from './times.js';
import { turnsOf } from './turns.js';

/** A caption. Times in whole milliseconds from the start of the audio. */
export interface Cue {
  start: number;
  end: number;
  speaker: string | undefined;
  lines: string[];
  /** The lines as one. */
  text: string;
}

/** What one speaker says in a row. */
interface Said {
  speaker: string | undefined;
  pieces: Piece[];
}

/**
 * Captions by the rules. No text is lost and none is there twice; what one speaker says keeps its order.
 * @param label what is put before a speaker's first words, such as `Anna:`; it takes its room in the lines
 */
export function cuesOf(transcript: Transcript, rules: CueRules, label?: (speaker: string) => string): Cue[] {
  const cues = inOrder(piecesBySpeaker(transcript, rules), rules)
    .map((said) => (label ? labelled(said, label) : said))
    .flatMap((said) => cut(said, rules));
  const times = shownAt(
    cues.map(({ pieces }) => ({ start: startOf(pieces), end: pieces.at(-1)?.end ?? 0 })),
    transcript.duration,
    rules.seconds,
  );
  return cues.map(({ pieces, speaker }, index) => ({
    ...(times[index] ?? { start: 0, end: 1 }),
    speaker,
    lines: linesOf(pieces, rules.lineColumns),
    text: textOf(pieces),
  }));
}

function piecesBySpeaker(transcript: Transcript, { lineColumns }: CueRules): Said[] {
  const language = textLanguage(transcript);
  const last = new Map<string | undefined, Piece | undefined>();
  return turnsOf(transcript).map((turn) => {
    const { speaker } = turn;
    const pieces = piecesOf(turn, { language, lineColumns, before: last.get(speaker) });
    last.set(speaker, pieces.at(-1));
    return { speaker, pieces };
  });
}

/** Whom another speaker interrupts says no more until that one is done: turns are divided between two of their cues. */
function inOrder(turns: readonly Said[], rules: CueRules): readonly Said[] {
  if (turns.length < 2) return turns;
  const cues = turns.flatMap((turn) => cut(turn, rules)).sort((a, b) => startOf(a.pieces) - startOf(b.pieces));
  const ordered: Said[] = [];
  for (const { speaker, pieces } of cues) {
    const before = ordered.at(-1);
    if (before && before.speaker === speaker) before.pieces.push(...pieces);
    else ordered.push({ speaker, pieces: [...pieces] });
  }
  return ordered;
}

const cut = ({ speaker, pieces }: Said, rules: CueRules): Said[] =>
  cutIntoCues(pieces, rules).map((cue) => ({ speaker, pieces: cue }));

const startOf = (pieces: readonly Piece[]): number => pieces[0]?.start ?? 0;

function labelled({ speaker, pieces }: Said, label: (speaker: string) => string): Said {
  const [first, ...rest] = pieces;
  if (!first || speaker === undefined) return { speaker, pieces };
  const { start } = first;
  const name = label(speaker)
    .split(' ')
    .map((text, index) => ({
      text,
      spaced: index > 0,
      columns: columns(text),
      start,
      end: start,
      ending: 'name' as const,
    }));
  return { speaker, pieces: [...name, { ...first, spaced: true }, ...rest] };
}
