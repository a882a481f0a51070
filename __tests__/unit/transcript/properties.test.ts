import { describe, expect, test } from '@jest/globals';
import { type CueRules, cueRules } from '../../../src/transcript/cue-rules.js';
import { type Cue, cuesOf } from '../../../src/transcript/cues/cues.js';
import { writers } from '../../../src/transcript/formats.js';
import { oneLine, type Transcript } from '../../../src/transcript/transcript.js';
import { parseSrt, parseVtt } from './parsers.js';
import { LANGUAGES, randomOf, randomTranscript } from './random-transcripts.js';

/** Per language. By hand it was run with 1,500. */
const ROUNDS = 80;
const SPACED = ['en', 'fr'];
const compact = (text: string) => text.replace(/\s+/g, '');

const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u;
const FAMILY = /\p{Emoji_Presentation}(?:\u200D\p{Emoji_Presentation})+/gu;

/** Columns by ranges of code points: not the way of the code under test. */
function columns(text: string): number {
  const drawn = [...text.replace(FAMILY, '〓').replace(/\p{Mn}/gu, '')];
  return drawn.reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}

function checkTimes(cues: readonly { start: number; end: number }[], { duration }: Transcript, rules: CueRules) {
  const last = Math.max(Math.round(duration * 1000), cues.length);
  let before = 0;
  for (const { start, end } of cues) {
    expect(start).toBeGreaterThanOrEqual(before);
    expect(end - start).toBeGreaterThanOrEqual(1);
    expect(end - start).toBeLessThanOrEqual(Math.max(1, Math.ceil(rules.seconds * 1000)));
    expect(end).toBeLessThanOrEqual(last);
    before = end;
  }
}

/** JLREQ cl-02, 04, 06, 07 and cl-01, and French marks; utterances may begin with cl-09 to 11. */
const NO_START = /^[、。，！？」』）》]|^[!?:»](?: |$)/;
const NO_END = /[「『（《]$|(?:^| )«$/;
const NO_START_INSIDE = /^[ー々っゃ・”]/;

function checkKinsoku(cues: readonly Cue[], text: string) {
  const lines = cues.flatMap((cue) => cue.lines);
  for (const [index, line] of lines.entries()) {
    if (index > 0) expect(line).not.toMatch(NO_START);
    if (index < lines.length - 1) expect(line).not.toMatch(NO_END);
    const before = lines[index - 1];
    // Where the text runs on; a space or the end of a segment may come before them.
    if (before !== undefined && NO_START_INSIDE.test(line))
      expect(text).not.toContain(before.slice(-4) + line.slice(0, 4));
  }
}

/** A line is wider than the rules only if there is one word in it, or what kinsoku ties to one. */
const MARKS = /[\p{P}\p{S}ー々っゃ]/gu;
function checkLimits(cues: readonly Cue[], rules: CueRules, language: string) {
  const spaced = SPACED.includes(language);
  for (const { lines } of cues) {
    for (const line of lines) {
      if (columns(line) <= rules.lineColumns) continue;
      const words = line.replace(MARKS, '').trim().split(/\s+/);
      expect(spaced ? words.length : columns(words.join(''))).toBeLessThanOrEqual(spaced ? 1 : 10);
    }
    if (lines.every((line) => columns(line) <= rules.lineColumns))
      expect(lines.length).toBeLessThanOrEqual(rules.lines);
  }
}

function casesOf(language: string) {
  const seed = 1000 * LANGUAGES.indexOf(language);
  const random = randomOf(seed);
  return Array.from({ length: ROUNDS }, (_, index) => {
    const transcript = randomTranscript(seed + index, language);
    const preset = (['auto', 'standard', 'podcast', 'ja'] as const)[index % 4] ?? 'auto';
    const own = {
      lineColumns: 12 + Math.floor(random() * 40),
      lines: 1 + Math.floor(random() * 3),
      seconds: 1 + random() * 8,
    };
    const rules = cueRules(preset, language, random() < 0.3 ? own : {});
    return { transcript, rules, cues: cuesOf(transcript, rules) };
  });
}

describe.each(LANGUAGES)('of any transcript in %s', (language) => {
  const cases = casesOf(language);

  test('the cues have all text of each speaker, in its order', () => {
    // Where words have spaces between them, so do the joined lines; elsewhere spaces may go where lines break.
    const [joined, told] = SPACED.includes(language) ? [' ', oneLine] : ['', compact];
    for (const { transcript, cues } of cases) {
      for (const speaker of new Set(transcript.segments.map((segment) => segment.speaker))) {
        const own = transcript.segments.filter((segment) => segment.speaker === speaker);
        const said = cues.filter((cue) => cue.speaker === speaker);
        expect(told(said.flatMap(({ lines }) => lines).join(joined))).toBe(
          told(own.map(({ text }) => text).join(joined)),
        );
        for (const { text, lines } of said) expect(told(text)).toBe(told(lines.join(joined)));
      }
    }
  });

  test('Latin words that a space parts stay parted', () => {
    for (const { transcript, cues } of cases) {
      const given = transcript.segments.flatMap(({ text }) => text.match(/[A-Za-z]+/g) ?? []);
      const shown = cues.flatMap(({ text }) => text.match(/[A-Za-z]+/g) ?? []);
      expect(shown.sort()).toEqual(given.sort());
    }
  });

  test('times rise, do not overlap, last, and stay within the audio and the rules', () => {
    for (const { transcript, rules, cues } of cases) checkTimes(cues, transcript, rules);
  });

  test('columns, lines and kinsoku hold', () => {
    // Where another speaker's words come in between, a mark at the start of a turn has no line to go back to.
    for (const { transcript, rules, cues } of cases.filter(({ cues }) => cues[0]?.speaker === undefined)) {
      checkLimits(cues, rules, language);
      checkKinsoku(cues, transcript.segments.map(({ text }) => text).join('\n'));
    }
  });

  test('srt and vtt are read by parsers, cue by cue', () => {
    for (const { transcript, rules, cues } of cases) {
      const presentation = { title: 'a', cues: rules, speakers: ['Anna & <b>', ''] };
      expect(parseVtt(writers.vtt(transcript, presentation))).toEqual(
        cues.map(({ start, end, speaker, lines }) => ({
          start,
          end,
          ...(speaker !== undefined && { speaker: speaker === '1' ? 'Anna & <b>' : `Speaker ${speaker}` }),
          lines,
        })),
      );
      const srt = parseSrt(writers.srt(transcript, presentation));
      checkTimes(srt, transcript, rules);
      const unnamed = srt
        .flatMap(({ lines }) => lines)
        .join('')
        .replace(/Anna\s*&\s*<b>:|Speaker\s*\d:/g, '');
      expect(compact(unnamed)).toBe(compact(cues.flatMap(({ lines }) => lines).join('')).replaceAll('-->', '→'));
    }
  });
});
