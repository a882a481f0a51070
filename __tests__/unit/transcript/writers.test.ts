import { describe, expect, test } from '@jest/globals';
import SrtParser from 'srt-parser-2';
import { WebVTTParser } from 'webvtt-parser';
import { cueRules } from '../../../src/transcript/cue-rules.js';
import { cuesOf } from '../../../src/transcript/cues.js';
import { writers as all, type Format } from '../../../src/transcript/formats.js';
import { timestamp } from '../../../src/transcript/timestamp.js';
import { countWords, parseTranscript, type Transcript } from '../../../src/transcript/transcript.js';

const transcript = (segments: [number, number, string][], more: Partial<Transcript> = {}): Transcript => ({
  schema_version: 1,
  model_revision: '0123456789ab',
  transcriber: '1',
  language: 'en',
  duration: 20,
  segments: segments.map(([start, end, text]) => ({ start, end, text })),
  ...more,
});

const presentation = { title: 'a.mp3', cues: cueRules('standard', 'en'), speakers: [] };
const writers = Object.fromEntries(
  Object.entries(all).map(([format, write]) => [format, (given: Transcript) => write(given, presentation)]),
) as Record<Format, (given: Transcript) => string>;

const speech = transcript(
  [
    [0, 7.5, ' And so,\r\n my fellow Americans '],
    [7.5, 7.5, '  '],
    [7.5, 12.0004, 'a < b && c > d --> e <i>&amp;</i>'],
    [3599.9996, 3700, 'くに\u2028のために'],
  ],
  { duration: 4000 },
);
const texts = ['And so, my fellow Americans', 'a < b && c > d --> e <i>&amp;</i>', 'くに のために'];

/** The judges are parsers that others wrote. */
const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };
const parseVtt = (text: string) => {
  const { cues, errors } = new WebVTTParser(ENTITIES).parse(text);
  expect(errors).toEqual([]);
  return cues.map(({ startTime, endTime, tree }) => ({
    start: startTime,
    end: endTime,
    text: tree.children.map(({ value }) => value).join(''),
  }));
};
const parseSrt = (text: string) =>
  new SrtParser().fromSrt(text).map(({ startSeconds, endSeconds, text: said }) => ({
    start: startSeconds,
    end: endSeconds,
    text: said,
  }));

describe('captions', () => {
  test('WebVTT: a strict parser reads every cue and its very text', () => {
    expect(parseVtt(writers.vtt(speech))).toEqual([
      { start: 0, end: 7.5, text: texts[0] },
      { start: 7.5, end: 12, text: texts[1] },
      { start: 3600, end: 3700, text: texts[2] },
    ]);
  });

  test('SubRip: a parser reads every cue', () => {
    const cues = parseSrt(writers.srt(speech));
    expect(cues.map(({ start, end }) => [start, end])).toEqual([
      [0, 7.5],
      [7.5, 12],
      [3600, 3700],
    ]);
    expect(cues.map(({ text }) => text)).toEqual(texts.map((text) => text.replace('-->', '→')));
  });

  test('have numbers, LF line ends and an empty line between cues', () => {
    expect(
      writers.srt(
        transcript([
          [0, 1, 'One'],
          [1, 2, 'Two'],
        ]),
      ),
    ).toBe('1\n00:00:00,000 --> 00:00:01,000\nOne\n\n2\n00:00:01,000 --> 00:00:02,000\nTwo\n');
    expect(
      writers.vtt(
        transcript([
          [0, 1, 'One'],
          [1, 2, 'Two'],
        ]),
      ),
    ).toBe('WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nOne\n\n00:00:01.000 --> 00:00:02.000\nTwo\n');
    for (const write of Object.values(writers)) expect(write(speech)).not.toContain('\r');
  });

  test('times go past 99 hours', () => {
    expect(timestamp(100 * 3_600_000 + 61_001, '.')).toBe('100:01:01.001');
  });
});

describe('a transcript without speech', () => {
  test.each([
    ['txt', ''],
    ['srt', ''],
    ['vtt', 'WEBVTT\n'],
  ] as const)('as %s is a valid, empty file', (format, content) => {
    expect(writers[format](transcript([]))).toBe(content);
    expect(writers[format](transcript([[0, 1, ' ']]))).toBe(content);
  });

  test('as vtt is read by the parser', () => {
    expect(parseVtt(writers.vtt(transcript([])))).toEqual([]);
  });
});

describe('cues', () => {
  const times = (segments: [number, number, string][], duration = 20) =>
    cuesOf(transcript(segments, { duration })).map(({ start, end, text }) => [start, end, text]);

  test('that overlap are cut where the next begins', () => {
    expect(
      times([
        [0, 10, 'a'],
        [5, 8, 'b'],
      ]),
    ).toEqual([
      [0, 5000, 'a'],
      [5000, 8000, 'b'],
    ]);
  });

  test('that go back in time begin where the one before ends', () => {
    expect(
      times([
        [5, 6, 'a'],
        [1, 2, 'b'],
        [5, 9, 'c'],
      ]),
    ).toEqual([
      [5000, 6000, 'a'],
      [6000, 6001, 'b'],
      [6001, 9000, 'c'],
    ]);
  });

  test('that go past the end stop there, and what begins there joins the cue before', () => {
    expect(
      times([
        [18, 31, 'a'],
        [21, 25, 'b'],
      ]),
    ).toEqual([[18_000, 20_000, 'a b']]);
    expect(times([[25, 26, 'alone']])).toEqual([[19_999, 20_000, 'alone']]);
    expect(times([[-1, 0, 'a']], 0)).toEqual([[0, 1, 'a']]);
  });

  test('of any segments at all are in order, within the audio, longer than nothing, and keep every word', () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    for (let round = 0; round < 300; round++) {
      const segments = Array.from({ length: 8 }, (_, n): [number, number, string] => [
        random() * 30 - 2,
        random() * 30 - 2,
        `word${n}`,
      ]);
      const cues = cuesOf(transcript(segments));
      let before = 0;
      for (const { start, end } of cues) {
        expect(start).toBeGreaterThanOrEqual(before);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(20_000);
        before = end;
      }
      expect(cues.map(({ text }) => text).join(' ')).toBe(segments.map(([, , text]) => text).join(' '));
      parseVtt(writers.vtt(transcript(segments)));
    }
  });
});

describe('text and JSON', () => {
  test('txt has a segment a line', () => {
    expect(writers.txt(speech)).toBe(texts.map((text) => `${text}\n`).join(''));
  });

  test('json keeps what a newer container adds', () => {
    const answer = {
      ...speech,
      image: 'abc',
      segments: [{ start: 0, end: 1, text: 'Hi', speaker: 'A', new: { x: 1 } }],
    };
    expect(JSON.parse(writers.json(parseTranscript(JSON.stringify(answer))))).toEqual(answer);
  });
});

describe('what the endpoint answers', () => {
  test.each([
    ['not JSON', 'Hello, this is my diary', 'it is not JSON'],
    ['another version', JSON.stringify({ ...speech, schema_version: 2 }), 'schema_version'],
    ['a segment without times', JSON.stringify({ ...speech, segments: [{ text: 'my diary' }] }), 'segments.0.start'],
  ])('%s is refused without a word of its text', (_, json, reason) => {
    const refusal = (() => {
      try {
        return String(parseTranscript(json));
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(refusal).toContain(reason);
    expect(refusal).not.toContain('diary');
  });

  test('words are counted as the language writes them', () => {
    expect(
      countWords(
        transcript([
          [0, 1, ' one  two '],
          [1, 2, 'three'],
        ]),
      ),
    ).toBe(3);
    expect(countWords(transcript([[0, 1, '私は学生です。']], { language: 'ja' }))).toBe(4);
  });
});
