import { hasUnspaced, isUnspacedLanguage } from '../scripts.js';

/** What comes to an end after a part of a text. */
export type Ending = 'sentence' | 'utterance' | 'clause' | 'words' | 'boundWord' | 'name';

/** How well it reads: the cost of a break `here`, and of none. A name is never parted from what its owner says. */
export const ENDING: Record<Ending, { here: number; none: number }> = {
  // A cue has one sentence rather than two, or the end of one and the start of the next (BBC, Subtitle Guidelines, 3.2).
  sentence: { here: 0, none: 6 },
  // Without a mark between them, two on one line read as one.
  utterance: { here: 0, none: 15 },
  clause: { here: 3, none: 0 },
  words: { here: 12, none: 0 },
  boundWord: { here: 15, none: 0 },
  name: { here: 1000, none: 0 },
};

const CLOSED = `["'”’»)\\]」』）】]*$`;
const SENTENCE = new RegExp(`[.!?…。！？．｡؟।॥۔።]${CLOSED}`, 'u');
const CLAUSE = new RegExp(`[,;:—–、，；：､،؛]${CLOSED}`, 'u');
const ABBREVIATED = /^["'“‘(]?(?:\p{Lu}|Mrs?|Ms|Dr|Prof|St|Sr|Jr|Mt|vs)\.$/u;
/** Articles, prepositions and the like go with the word that follows them; in phrases of Japanese they do already. */
const SHORT_WORD = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Thai}'’]{1,3}$/u;
/** Seconds of silence in which a speaker draws breath. */
const BREATH = 0.3;

export const endsSentence = (text: string): boolean => SENTENCE.test(text);

interface Boundary {
  before: string;
  after: string;
  /** Seconds of silence. */
  silence: number;
  segmentEnds: boolean;
  language: string;
}

export function endingAt({ before, after, silence, segmentEnds, language }: Boundary): Ending {
  const abbreviated = ABBREVIATED.test(before);
  if (endsSentence(before) && !abbreviated) return /^\p{Ll}/u.test(after) ? 'clause' : 'sentence';
  // Transcripts of languages without spaces often have no punctuation: there a segment is an utterance.
  if (segmentEnds && isUnspacedLanguage(language) && !CLAUSE.test(before)) return 'utterance';
  if (segmentEnds || silence >= BREATH || CLAUSE.test(before)) return 'clause';
  return abbreviated || SHORT_WORD.test(before) || isForeign(before, after, language) ? 'boundWord' : 'words';
}

/** Such as the two words of GitHub Actions in a Japanese text: one name. */
const isForeign = (before: string, after: string, language: string): boolean =>
  isUnspacedLanguage(language) && !hasUnspaced(before.slice(-1) + after.slice(0, 1));
