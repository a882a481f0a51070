import { describe, expect, test } from '@jest/globals';
import { type CueRules, cueRules } from '../../../src/transcript/cue-rules.js';
import { cuesOf } from '../../../src/transcript/cues/cues.js';
import { timestamp } from '../../../src/transcript/timestamp.js';
import type { Segment, Transcript } from '../../../src/transcript/transcript.js';
import { segmentOf, transcriptOf } from '../../helpers/spoken.js';

const standard = cueRules('standard', 'en');

/** `start-end|line|line` of each cue, milliseconds. */
const shown = (segments: Segment[], more: Partial<Transcript> = {}, rules: Partial<CueRules> = {}) =>
  cuesOf({ ...transcriptOf(segments), duration: 20, ...more }, { ...standard, ...rules }).map(
    ({ start, end, lines }) => `${start}-${end}|${lines.join('|')}`,
  );
const plain = (start: number, end: number, text: string): Segment => ({ start, end, text });

describe('where cues are cut', () => {
  test('at the end of sentences and clauses rather than where the lines are full', () => {
    const said = 'And so, my fellow Americans, ask not what your country can do for you, ask what you can do for it.';
    expect(shown([segmentOf(said, 0, 11)]).map((cue) => cue.split('|').slice(1).join(' '))).toEqual([
      'And so, my fellow Americans,',
      'ask not what your country can do for you,',
      'ask what you can do for it.',
    ]);
  });

  test('a cue goes on over the end of a segment in the middle of a sentence', () => {
    expect(
      shown([plain(0, 2, 'He might have been made still more respectable than'), plain(2, 2.4, 'he was.')]),
    ).toEqual(['0-2400|He might have been made still|more respectable than he was.']);
  });

  test('a title or an initial ends no sentence', () => {
    const said =
      'It was a house that had been in the family of Mr. J. Dashwood for a hundred and twenty years by then.';
    expect(shown([segmentOf(said, 0, 9)]).map((cue) => cue.split('|').slice(1).join(' '))).toEqual([
      'It was a house that had been in the family',
      'of Mr. J. Dashwood for a hundred and twenty years by then.',
    ]);
  });

  test('neither do three dots before a small letter', () => {
    expect(shown([plain(0, 4, 'I would... never do that.')])).toEqual(['0-4000|I would... never do that.']);
  });

  test('short sentences that follow each other share a cue, long ones do not', () => {
    expect(shown([plain(0, 0.3, 'Hi.'), plain(0.3, 0.8, 'Hi, Anna.')])).toEqual(['0-833|Hi. Hi, Anna.']);
    expect(shown([plain(0, 3, 'Did they ask you to do it? No. They never asked me.')])).toEqual([
      '0-1541|Did they ask you to do it?',
      '1541-3000|No. They never asked me.',
    ]);
    expect(shown([plain(0, 2, 'This one is long enough.'), plain(2, 4, 'So is this one.')])).toHaveLength(2);
  });

  test('at a pause, in the middle of a sentence, too', () => {
    const words = [
      { word: 'I', start: 0, end: 0.5 },
      { word: 'know.', start: 3, end: 3.9 },
    ];
    expect(shown([{ start: 0, end: 3.9, text: 'I know.', words }])).toEqual(['0-833|I', '3000-3900|know.']);
    expect(shown([{ start: 0, end: 3.9, text: 'I know.', words }], {}, { gapSeconds: 3 })).toEqual(['0-3900|I know.']);
  });

  test('after the seconds that a cue is shown at most', () => {
    expect(shown([segmentOf('one two three four', 0, 16)], {}, { seconds: 8 })).toEqual([
      '0-8000|one two',
      '8000-16000|three four',
    ]);
    expect(shown([plain(0, 15, 'Music')])).toEqual(['0-7000|Music']);
  });

  test('a word that is wider than a line has its own', () => {
    const address = `https://example.com/${'a'.repeat(60)}`;
    expect(shown([plain(0, 4, `It is at ${address} now.`)])).toEqual([`0-3857|It is at|${address}`, '3857-4690|now.']);
  });
});

describe('lines', () => {
  const linesOf = (text: string, rules: Partial<CueRules> = {}) =>
    cuesOf(transcriptOf([plain(0, 5, text)]), { ...standard, ...rules }).map(({ lines }) => lines);

  test('are one where the text fits, else of much the same width', () => {
    expect(linesOf('He might even have been made amiable it.')).toEqual([['He might even have been made amiable it.']]);
    expect(linesOf('He might even have been made amiable himself.')).toEqual([
      ['He might even have been', 'made amiable himself.'],
    ]);
  });

  test('end rather after a comma than after an article', () => {
    expect(linesOf('If you can read this, the captions are good.')).toEqual([
      ['If you can read this,', 'the captions are good.'],
    ]);
    expect(linesOf('They found what they wanted in the library.')).toEqual([
      ['They found what they', 'wanted in the library.'],
    ]);
  });

  test('do not part marks that French sets apart', () => {
    expect(linesOf('Et voilà donc ?', { lineColumns: 13 })).toEqual([['Et voilà', 'donc ?']]);
    expect(linesOf('Il a dit : « Très bien » ! Et voilà ?', { lineColumns: 12, lines: 3 }).flat()).toEqual([
      'Il a dit :',
      '« Très',
      'bien » !',
      'Et voilà ?',
    ]);
  });

  test('may be as many as the rules say', () => {
    expect(linesOf('one two three four five', { lineColumns: 9, lines: 3 })).toEqual([
      ['one two', 'three', 'four five'],
    ]);
    expect(linesOf('one two three four five', { lineColumns: 9, lines: 1 })).toHaveLength(3);
  });
});

describe('times', () => {
  test('of words decide where a text is cut', () => {
    const words = ['Well', 'I', 'do.'].map((word, index) => ({ word, start: index, end: index + 0.9 }));
    expect(shown([{ start: 0, end: 3, text: ' Well I do. ', words }], {}, { lineColumns: 5, lines: 1 })).toEqual([
      '0-900|Well',
      '1000-2900|I do.',
    ]);
  });

  test('of words that do not spell the text are not used', () => {
    const words = [{ word: 'Hello', start: 8, end: 9 }];
    expect(shown([{ start: 0, end: 4, text: 'Good bye.', words }])).toEqual(['0-4000|Good bye.']);
  });

  test('of words outside their segment are cut to it', () => {
    const words = [
      { word: 'Good', start: -3, end: 0 },
      { word: 'bye.', start: 2, end: 99 },
    ];
    expect(shown([{ start: 1, end: 4, text: 'Good bye.', words }])).toEqual(['1000-4000|Good bye.']);
  });

  test('a cue that overlaps the next gives way; another speaker waits until it could be read', () => {
    const long = 'This sentence takes its time.';
    expect(shown([plain(0, 10, long), plain(5, 8, long)])).toEqual([`0-5000|${long}`, `5000-8000|${long}`]);
    expect(shown([segmentOf(long, 0, 6, '1'), segmentOf(long, 0.1, 7, '2')])).toEqual([
      `0-833|${long}`,
      `833-7000|${long}`,
    ]);
  });

  test('stay within the audio', () => {
    expect(shown([plain(18, 31, 'Going'), plain(25, 26, 'Gone.')])).toEqual(['18000-19999|Going', '19999-20000|Gone.']);
    expect(shown([plain(25, 26, 'Late.')])).toEqual(['19999-20000|Late.']);
    expect(shown([plain(-1, 0, 'Early.')], { duration: 0 })).toEqual(['0-1|Early.']);
  });

  test('have two digits each, and more where hours need them', () => {
    expect(timestamp(3_661_001, '.')).toBe('01:01:01.001');
    expect(timestamp(100 * 3_600_000, ',')).toBe('100:00:00,000');
  });
});

describe('speakers', () => {
  const spoken = (label?: (speaker: string) => string) =>
    cuesOf(
      transcriptOf([
        segmentOf('So when did you first think that crossing the ocean, all alone, in a boat, was wise?', 0, 8, '1'),
        segmentOf('Ha.', 3, 3.4, '2'),
        segmentOf('Never.', 8.2, 9, '2'),
      ]),
      standard,
      label,
    ).map(({ start, end, speaker, lines }) => [start, end, speaker, lines.join('|')]);

  test('each have cues of their own; who is interrupted goes on after it', () => {
    expect(spoken()).toEqual([
      [0, 3000, '1', 'So when did you first think|that crossing the ocean,'],
      [3000, 3833, '2', 'Ha.'],
      [4706, 8000, '1', 'all alone, in a boat, was wise?'],
      [8200, 9000, '2', 'Never.'],
    ]);
  });

  test('are named where they change, within the columns', () => {
    expect(spoken((speaker) => `Speaker Number ${speaker}:`).map(([, , , lines]) => lines)).toEqual([
      'Speaker Number 1: So when did you first|think that crossing the ocean,',
      'Speaker Number 2: Ha.',
      'Speaker Number 1: all alone,|in a boat, was wise?',
      'Speaker Number 2: Never.',
    ]);
  });
});

test('a text that was translated is laid out as English', () => {
  const translated = transcriptOf([plain(0, 2, 'Good'), plain(2, 4, 'morning')], 'ja');
  expect(cuesOf({ ...translated, task: 'translate' }, standard).map(({ text }) => text)).toEqual(['Good morning']);
});

describe('the presets', () => {
  test('are the published rules', () => {
    expect(cueRules('standard', 'ja')).toEqual({ lineColumns: 42, lines: 2, seconds: 7, gapSeconds: 1.5 });
    expect(cueRules('podcast', 'en').lineColumns).toBe(32);
    expect(cueRules('ja', 'en').lineColumns).toBe(26);
  });

  test('auto goes by the language, and a rule of the user goes before', () => {
    expect(cueRules('auto', 'ja')).toEqual(cueRules('ja', 'ja'));
    expect(cueRules('auto', 'de')).toEqual(cueRules('standard', 'de'));
    expect(cueRules('auto', 'ja', { lines: 1 })).toEqual({ ...cueRules('ja', 'ja'), lines: 1 });
  });
});
