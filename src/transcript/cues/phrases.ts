// The package exports only its whole, which brings a DOM; the parser and the model of Japanese are 28 KB.
import { model } from '../../../node_modules/budoux/module/data/models/ja.js';
import { Parser } from '../../../node_modules/budoux/module/parser.js';
import { hasKana, isUnspacedLanguage } from '../scripts.js';

let japanese: Parser | undefined;

/** Offsets at which phrases begin in a text of a script without spaces: Japanese by BudouX, others by their words. */
export function phraseStarts(text: string, language: string): number[] {
  if (language !== 'ja' && !hasKana(text)) return wordStarts(text, language);
  japanese ??= new Parser(model);
  return [...japanese.parseBoundaries(text), ...latinStarts(text)];
}

/** A Latin word after hiragana begins a phrase: particles stand behind it. The model has seen few of them. */
const latinStarts = (text: string): number[] =>
  Array.from(text.matchAll(/(?<=\p{Script=Hiragana})\p{Script=Latin}/gu), ({ index }) => index);

/** Offsets at which words begin, by the dictionaries of ICU. */
export const wordStarts = (text: string, language: string): number[] => starts(text, language, 'word');

/** Offsets at which characters begin, as a reader counts them. */
export const characterStarts = (text: string): number[] => starts(text, 'en', 'grapheme');

function starts(text: string, language: string, granularity: 'word' | 'grapheme'): number[] {
  // The dictionary goes by the script; the language only has to be one that Intl takes.
  const segmenter = new Intl.Segmenter(isUnspacedLanguage(language) ? language : 'en', { granularity });
  return Array.from(segmenter.segment(text), ({ index }) => index).filter((index) => index > 0);
}
