/** When a caption's line, and when the caption itself, has to end. */
export interface CueRules {
  /** Columns a line has at most; wide characters (East Asian Width W and F) take two. */
  lineColumns: number;
  lines: number;
  /** A cue is shown for this long at most. */
  seconds: number;
  /** A pause longer than this begins a new cue. */
  gapSeconds: number;
}

/**
 * Netflix, Timed Text Style Guide: two lines of 42 characters, 7 seconds. The pause is the BBC's: words do not stay on
 * for more than 1.5 seconds after they were said (Subtitle Guidelines, 5.2).
 * https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617 https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles
 */
const standard: CueRules = { lineColumns: 42, lines: 2, seconds: 7, gapSeconds: 1.5 };

/**
 * Podcasting 2.0, transcripts in SRT: two lines of 32 characters.
 * https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/transcripts/transcripts.md
 */
const podcast: CueRules = { ...standard, lineColumns: 32 };

/**
 * Netflix, Japanese Timed Text Style Guide: 13 full-width characters a horizontal line.
 * https://partnerhelp.netflixstudios.com/hc/en-us/articles/215767517
 */
const ja: CueRules = { ...standard, lineColumns: 26 };

/**
 * Netflix, Chinese (Simplified) Timed Text Style Guide: 16 characters a line.
 * https://partnerhelp.netflixstudios.com/hc/en-us/articles/215986007
 */
const zh: CueRules = { ...standard, lineColumns: 32 };

/** A cue is shown for at least this long, where the next one leaves it the time: five sixths of a second (Netflix). */
export const MINIMUM_SECONDS = 5 / 6;

export type CuePreset = 'auto' | 'standard' | 'podcast' | 'ja';

/** What `auto` takes for the languages that the standard is too wide for. */
const ofLanguage = new Map([
  ['ja', ja],
  ['zh', zh],
  ['yue', zh],
]);

/** @param language of the transcript's text */
export function cueRules(preset: CuePreset, language: string, overrides: Partial<CueRules> = {}): CueRules {
  const presets = { auto: ofLanguage.get(language) ?? standard, standard, podcast, ja };
  return { ...presets[preset], ...overrides };
}
