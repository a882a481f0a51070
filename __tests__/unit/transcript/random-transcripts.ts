import type { Segment, Transcript } from '../../../src/transcript/transcript.js';

/** Numbers from 0 to 1, the same ones for a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Parts of which texts are made; no word that they make is wider than ten columns. */
const PARTS: Record<string, string[]> = {
  en: [
    'the',
    'a',
    'of',
    'country',
    'Mr.',
    'ask',
    'not,',
    'you.',
    'well...',
    '"so"',
    '-->',
    '<i>',
    '&amp;',
    '42',
    '{{',
    '**',
    'A|B',
    '!',
  ],
  fr: ['«', 'très', 'bien', '»', '!', '?', 'c’est', ':', 'voilà', 'œuvre', 'déjà,'],
  ja: [
    '私',
    'は',
    '学生',
    'です',
    '。',
    '、',
    '「',
    '」',
    'っ',
    'ゃ',
    'ー',
    '々',
    'データ',
    ' GitHub',
    ' iOS ',
    '（',
    '）',
    '！',
    '……',
    '10時',
    '・',
    '時間',
    'って',
    'を',
    '𠮷',
    '👨‍👩‍👧',
    'が',
  ],
  zh: ['我们', '今天', '的', '，', '。', '《', '》', '人工智能', '好', ' AI ', '？', '“', '”', '了'],
  th: ['สวัสดี', 'ครับ', 'วันนี้', ' ', 'ๆ', 'การ', 'ถอดเสียง', 'ทำงาน', 'น้ำ'],
};
export const LANGUAGES = Object.keys(PARTS);

/**
 * A transcript that no model would write: its texts are of random parts, its times overlap, go back, stand still, lie
 * outside the audio and outside their segment, and its words spell the text, or do not, or are missing.
 */
export function randomTranscript(seed: number, language: string): Transcript {
  const random = randomOf(seed);
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const parts = PARTS[language] ?? [];
  const spaced = language === 'en' || language === 'fr';
  const duration = random() < 0.1 ? random() / 100 : 5 + random() * 60;
  const tracks = random() < 0.3 ? 1 + upTo(1) : 0;
  let time = 0;
  const segments = Array.from({ length: upTo(8) }, (): Segment => {
    const words = Array.from({ length: upTo(24) }, () => parts[upTo(parts.length - 1)] ?? '');
    const start = random() < 0.1 ? random() * duration * 1.2 - 1 : time;
    const end = start + random() * 12 - (random() < 0.1 ? 10 : 0);
    time = Math.max(time, end + (random() < 0.2 ? random() * 4 : 0));
    const segment: Segment = { start, end, text: words.join(spaced ? ' ' : '') };
    if (random() < 0.7) segment.words = timedWords(words, segment, random);
    return tracks > 0 ? { ...segment, speaker: String(1 + upTo(tracks)) } : segment;
  });
  return { schema_version: 1, model_revision: '0123456789ab', transcriber: '1', language, duration, segments };
}

function timedWords(words: readonly string[], { start, end }: Segment, random: () => number) {
  const each = (end - start) / Math.max(1, words.length);
  const given = random() < 0.1 ? words.slice(1) : words;
  return given.map((word, index) => {
    const stray = random() < 0.05 ? random() * 20 - 10 : 0;
    return { word: word.trim(), start: start + each * index + stray, end: start + each * (index + 1) };
  });
}
