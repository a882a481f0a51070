import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse as parseCsv } from 'csv-parse/sync';
import { Liquid } from 'liquidjs';
import { lexer, parse as parseMarkdown, type Token } from 'marked';
import { parse as parseYaml } from 'yaml';
import { writers } from '../../../src/transcript/formats.js';
import { oneLine, parseTranscript, type Segment, type Transcript } from '../../../src/transcript/transcript.js';
import { presentationOf, segmentOf, transcriptOf } from '../../helpers/spoken.js';
import { parseSrt, parseVtt } from './parsers.js';
import { LANGUAGES, randomTranscript } from './random-transcripts.js';

const said = (...segments: [number, number, string, string?][]): Transcript =>
  transcriptOf(
    segments.map(
      ([start, end, text, speaker]): Segment => ({ start, end, text, ...(speaker !== undefined && { speaker }) }),
    ),
  );

/** What a text must come through. */
const HOSTILE = [
  'a < b && c > d --> e <i>&amp;</i> <v Bob>',
  '<script>alert(1)</script> <!-- x --> &lt;',
  '{{ site.github }} {% include secret.html %} {%- raw -%} {: .class }',
  '**bold** _it_ `code` ~~no~~ [link](javascript:alert(1)) ![i](x) |a|b| $x^2$ \\ \\* #1',
  '# no heading',
  '- no list',
  '1. no list',
  '> no quote',
  '```',
  '---',
  '===',
  '42',
  'https://example.com/a_b www.example.com a@example.com @user',
  'NOTE no comment',
  'WEBVTT',
  'tab\there, new\nline, \u2028 and\r\nmore',
  'a "quoted", \'word\'',
  'くに\u2028のために。',
  '🎧 מה שלומך?',
];
const hostile = transcriptOf(HOSTILE.map((text, index) => segmentOf(text, index * 4, index * 4 + 3)));
const conversation = said(
  [0, 2, 'Welcome.', '1'],
  [2, 4, 'Thank you.', '2'],
  [4, 6, 'And hello.', '2'],
  [6, 8, 'Bye.', '3'],
);
const presentation = presentationOf({ speakers: ['Anna', 'B <b> & --> *b*'] });

describe('captions', () => {
  test('a strict parser of WebVTT reads every cue and its very text', () => {
    const read = parseVtt(writers.vtt(hostile, presentation));
    expect(read.flatMap(({ lines }) => lines).join(' ')).toBe(HOSTILE.map(oneLine).join(' '));
  });

  test('a parser of SubRip reads every cue and its text, with arrows drawn', () => {
    const read = parseSrt(writers.srt(hostile, presentation));
    expect(read.flatMap(({ lines }) => lines).join(' ')).toBe(HOSTILE.map(oneLine).join(' ').replaceAll('-->', '→'));
  });

  test('are laid out byte by byte as the formats say', () => {
    const two = said([0, 1, 'One is here.'], [3, 4, 'Two is there.']);
    expect(writers.srt(two, presentation)).toBe(
      '1\n00:00:00,000 --> 00:00:01,000\nOne is here.\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo is there.\n',
    );
    expect(writers.vtt(two, presentation)).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nOne is here.\n\n00:00:03.000 --> 00:00:04.000\nTwo is there.\n',
    );
  });

  test('name the speaker: WebVTT in every cue, SubRip where it changes', () => {
    expect(parseVtt(writers.vtt(conversation, presentation)).map(({ speaker }) => speaker)).toEqual([
      'Anna',
      'B <b> & --> *b*',
      'B <b> & --> *b*',
      'Speaker 3',
    ]);
    expect(parseSrt(writers.srt(conversation, presentation)).map(({ lines }) => lines.join(' '))).toEqual([
      'Anna: Welcome.',
      'B <b> & → *b*: Thank you.',
      'And hello.',
      'Speaker 3: Bye.',
    ]);
  });
});

describe('tsv', () => {
  const rows = (transcript: Transcript) =>
    parseCsv(writers.tsv(transcript, presentation), {
      delimiter: '\t',
      quote: null,
      columns: true,
    }) as Record<string, string>[];

  test('a parser reads start and end in milliseconds and the text of each segment', () => {
    expect(rows(hostile)).toEqual(
      HOSTILE.map((text, index) => ({
        start: String(index * 4000),
        end: String(index * 4000 + 3000),
        text: oneLine(text),
      })),
    );
  });

  test('times are whole', () => {
    expect(rows(said([0.1004, 1.0006, 'a']))).toEqual([{ start: '100', end: '1001', text: 'a' }]);
  });
});

describe('Podcasting 2.0', () => {
  const isTranscript = new Ajv({ strict: true }).compile({
    type: 'object',
    required: ['version', 'segments'],
    additionalProperties: false,
    properties: {
      version: { const: '1.0.0' },
      segments: {
        type: 'array',
        items: {
          type: 'object',
          required: ['startTime', 'endTime', 'body'],
          additionalProperties: false,
          properties: {
            speaker: { type: 'string', minLength: 1 },
            startTime: { type: 'number', minimum: 0 },
            endTime: { type: 'number', exclusiveMinimum: 0 },
            body: { type: 'string', minLength: 1 },
          },
        },
      },
    },
  });
  const written = (transcript: Transcript) => JSON.parse(writers.podcast(transcript, presentation));

  test('is valid by the elements of its specification, whatever the transcript', () => {
    for (const language of LANGUAGES) {
      for (let seed = 0; seed < 40; seed++) {
        isTranscript(written(randomTranscript(seed, language)));
        expect(isTranscript.errors).toBeNull();
      }
    }
  });

  test('has the text of the cues on one line, their times in seconds, and who speaks', () => {
    expect(written(conversation).segments.slice(0, 2)).toEqual([
      { speaker: 'Anna', startTime: 0, endTime: 2, body: 'Welcome.' },
      { speaker: 'B <b> & --> *b*', startTime: 2, endTime: 4, body: 'Thank you.' },
    ]);
    expect(written(said([0, 5, 'He might even have been made amiable himself.'])).segments).toEqual([
      { startTime: 0, endTime: 5, body: 'He might even have been made amiable himself.' },
    ]);
  });
});

describe('Markdown', () => {
  const parts = (transcript: Transcript, given = presentation) => {
    const [, matter = '', body = ''] = /^---\n([\s\S]*?\n)---\n([\s\S]*)$/.exec(writers.md(transcript, given)) ?? [];
    return { matter: parseYaml(matter), body };
  };
  /** The text that a reader sees, without the times and names. */
  const read = (body: string) =>
    parseMarkdown(body, { async: false, gfm: true })
      .replace(/<strong>.*?<\/strong> /g, '')
      .replace(/<\/?p>/g, '')
      .replace(
        /&lt;|&gt;|&quot;|&#39;|&amp;/g,
        (entity) => ({ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" })[entity] ?? '&',
      )
      .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));

  test.each(HOSTILE)('no markup comes out of %j', (text) => {
    const { body } = parts(said([0, 3, text]));
    const tokens = lexer(body).filter(({ type }) => type !== 'space');
    expect(tokens.map(({ type }) => type)).toEqual(['paragraph']);
    const types = ((tokens[0] as { tokens?: Token[] }).tokens ?? []).map(({ type }) => type);
    expect(new Set(types.slice(1))).toEqual(new Set(['text', ...types.slice(1).filter((type) => type === 'escape')]));
    expect(oneLine(read(body))).toBe(oneLine(text));
  });

  test('Liquid finds nothing to do', async () => {
    const { body } = parts(hostile, presentationOf({ audioUrl: '../a{{b}}{% c %}.mp3', speakers: ['{{ x }}'] }));
    expect(await new Liquid().parseAndRender(body)).toBe(body);
  });

  test.each([
    'no',
    '2026-11-23',
    '1:30',
    'a: b',
    '"',
    "it's",
    '#',
    '\u0085 \u2028 \u007f',
    'line\nfeed',
    '{{ x }}',
    '- a',
  ])('the title %j is that very string to a parser of YAML', (title) => {
    expect(parts({ ...conversation, language: 'no', duration: 3725.4 }, presentationOf({ title })).matter).toEqual({
      title,
      language: 'no',
      duration: '1:02:05',
    });
  });

  test("front matter has an episode's data, whatever its feed says", () => {
    const episode = {
      podcast: 'On: "boats" # 1',
      title: '---\nno',
      published: '2026-11-20T10:00:00.000Z',
      link: 'https://example.com/1?a=b#c',
      guid: '- guid',
    };
    const audioUrl = 'https://example.com/1.mp3';
    const { matter } = parts(conversation, presentationOf({ title: episode.title, episode, audioUrl }));
    expect(matter).toEqual({
      title: episode.title,
      date: episode.published,
      podcast: episode.podcast,
      link: episode.link,
      audio: audioUrl,
      guid: episode.guid,
      language: 'en',
      duration: expect.any(String),
    });
    expect(Object.keys(parts(conversation, presentationOf({ episode: { podcast: 'x', title: 'y' } })).matter)).toEqual([
      'title',
      'podcast',
      'language',
      'duration',
    ]);
  });

  test('front matter has no character that YAML does not print', () => {
    const title = 'a\u0000b\u0085c\u007fd\u2028e\ufefff\ud800';
    expect(writers.md(said(), presentationOf({ title }))).toMatch(/^title: "[ -~\ufffd]+"$/m);
  });

  test('has a paragraph a speaker and a pause, with the time, and the name where it changes', () => {
    const talk = said([0, 2, 'Welcome.', '1'], [2, 4, 'Hello.', '2'], [4.2, 5, 'Well.', '2'], [65, 66, 'So.', '2']);
    expect(parts(talk).body).toBe(
      '\n**0:00** **Anna:** Welcome.\n\n**0:02** **B &#60;b&#62; &#38; --&#62; \\*b\\*:** Hello. Well.\n\n**1:05** So.\n',
    );
  });

  test('the time is a link into the audio', () => {
    const audioUrl = '../audio/a (1) [x] 100%25 50% ü.mp3';
    const { body } = parts(said([3.25, 5, 'Hello.']), presentationOf({ audioUrl }));
    expect(parseMarkdown(body, { async: false })).toBe(
      '<p><a href="../audio/a%20%281%29%20%5Bx%5D%20100%25%2050%25%20%C3%BC.mp3#t=3.25">0:03</a> Hello.</p>\n',
    );
  });
});

describe('text and JSON', () => {
  test('txt has a segment a line, with its speaker', () => {
    expect(writers.txt(hostile, presentation)).toBe(HOSTILE.map((text) => `${oneLine(text)}\n`).join(''));
    expect(writers.txt(conversation, presentation).split('\n').slice(0, 2)).toEqual([
      'Anna: Welcome.',
      'B <b> & --> *b*: Thank you.',
    ]);
  });

  test('json keeps what a newer container adds', () => {
    const answer = { ...conversation, image: 'abc', segments: [{ start: 0, end: 1, text: 'Hi', new: { x: 1 } }] };
    expect(JSON.parse(writers.json(parseTranscript(JSON.stringify(answer))))).toEqual(answer);
  });
});

test.each([
  ['txt', ''],
  ['srt', ''],
  ['vtt', 'WEBVTT\n'],
  ['tsv', 'start\tend\ttext\n'],
  ['podcast', '{\n  "version": "1.0.0",\n  "segments": []\n}\n'],
  ['md', '---\ntitle: "An episode"\nlanguage: "en"\nduration: "0:00"\n---\n'],
] as const)('a transcript without speech is a valid %s', (format, content) => {
  expect(writers[format](said(), presentationOf())).toBe(content);
  expect(writers[format]({ ...said([0, 0, ' \n']), duration: 0 }, presentationOf())).toBe(content);
});

test('lines end with LF, whatever the text has', () => {
  for (const write of Object.values(writers)) expect(write(hostile, presentation)).not.toContain('\r');
});

test.each([
  ['not JSON', 'Hello, this is my diary', 'it is not JSON'],
  ['another version', JSON.stringify({ ...conversation, schema_version: 2 }), 'schema_version'],
  [
    'a segment without times',
    JSON.stringify({ ...conversation, segments: [{ text: 'my diary' }] }),
    'segments.0.start',
  ],
])('an answer that is %s is refused without a word of its text', (_, json, reason) => {
  expect(() => parseTranscript(json)).toThrow(reason);
  expect(() => parseTranscript(json)).not.toThrow('diary');
});
