import { describe, expect, test } from '@jest/globals';
import { cueRules } from '../../../src/transcript/cue-rules.js';
import { columns } from '../../../src/transcript/cues/columns.js';
import { cuesOf } from '../../../src/transcript/cues/cues.js';
import { writers } from '../../../src/transcript/formats.js';
import { countWords } from '../../../src/transcript/transcript.js';
import { presentationOf, transcriptOf } from '../../helpers/spoken.js';

const transcript = (language: string, texts: readonly string[]) =>
  transcriptOf(
    texts.map((text, index) => ({ start: index * 5, end: index * 5 + 5, text })),
    language,
  );
const linesOf = (language: string, texts: readonly string[], more = {}) =>
  cuesOf(transcript(language, texts), cueRules('auto', language, more)).map(({ lines }) => lines);

describe('Japanese', () => {
  test('breaks between phrases, within 13 full-width characters', () => {
    expect(
      linesOf('ja', [
        '本日はお忙しい中、弊社の定時株主総会にご出席いただきまして、誠にありがとうございます。',
        '私はGitHub Actionsを使って「音声認識」を自動化する方法についてお話しします。',
      ]),
    ).toEqual([
      ['本日はお忙しい中、'],
      ['弊社の定時株主総会に', 'ご出席いただきまして、'],
      ['誠にありがとうございます。'],
      ['私はGitHub Actionsを', '使って「音声認識」を'],
      ['自動化する方法に', 'ついてお話しします。'],
    ]);
  });

  test('does not part the words of a foreign name where a phrase begins beside it', () => {
    expect(linesOf('ja', ['えっと今日はですねGitHub Actionsで文字起こしをする話をします']).flat()).toContain(
      'GitHub Actionsで',
    );
  });

  test('parts phrases rather than the words of a foreign name', () => {
    expect(linesOf('ja', ['これからはGitHub Actionsです'], { lineColumns: 20 })).toEqual([
      ['これからは', 'GitHub Actionsです'],
    ]);
  });

  test('keeps an ellipsis whole', () => {
    expect(linesOf('ja', ['そうかも……しれない'], { lineColumns: 7, lines: 9 }).flat().join('|')).toMatch(
      /(?<!…\|)……(?!\|…)/,
    );
  });

  test('keeps the space between Latin words, and has none where segments meet', () => {
    const spoken = transcript('ja', ['Amazon SageMaker の非同期', '推論は', 'GPU を使います']);
    const text = cuesOf(spoken, cueRules('standard', 'ja', { seconds: 20 })).map((cue) => cue.text);
    expect(text.join('')).toBe('Amazon SageMaker の非同期推論はGPU を使います');
    expect(writers.md(spoken, presentationOf())).toContain('**0:00** Amazon SageMaker の非同期推論はGPU を使います\n');
  });

  test('segments without a full stop are utterances of their own', () => {
    expect(linesOf('ja', ['そうですね', 'はい', 'わかりました'])).toEqual([['そうですね'], ['はい'], ['わかりました']]);
  });

  test('a mark on the wrong side of a segment goes to the right one', () => {
    expect(linesOf('ja', ['行きましょう', '。それで「', 'はい」と言った'])).toEqual([
      ['行きましょう。'],
      ['それで'],
      ['「はい」と言った'],
    ]);
  });

  test('a phrase that is wider than a line is broken between words, a word between characters', () => {
    expect(linesOf('ja', ['インターネットサービスプロバイダーです'], { lineColumns: 16, lines: 9 }).flat()).toEqual([
      'インターネット',
      'サービス',
      'プロバイダーです',
    ]);
    const sighed = linesOf('ja', ['あああああああああああああああっああ'], { lineColumns: 10, lines: 9 }).flat();
    expect(sighed.join('')).toBe('あああああああああああああああっああ');
    for (const line of sighed) {
      expect(columns(line)).toBeLessThanOrEqual(10);
      expect(line).not.toMatch(/^っ/);
    }
  });
});

test('Chinese breaks between words', () => {
  expect(
    linesOf('zh', ['大家好，今天我们来聊一聊如何使用人工智能自动转写播客节目，这样我们就可以节省大量的时间。']),
  ).toEqual([['大家好，今天我们来聊一聊如何', '使用人工智能自动转写播客节目，'], ['这样我们就可以节省大量的时间。']]);
});

test('Thai breaks between words, and keeps its spaces', () => {
  expect(linesOf('th', ['สวัสดีครับ วันนี้เราจะมาพูดถึงเรื่องการถอดเสียงอัตโนมัติด้วยปัญญาประดิษฐ์'], { lineColumns: 20 })).toEqual([
    ['สวัสดีครับ วันนี้เรา', 'จะมาพูดถึงเรื่อง'],
    ['การถอดเสียงอัตโนมัติ', 'ด้วยปัญญาประดิษฐ์'],
  ]);
});

test('a Japanese name in an English text stays in its line, with its spaces', () => {
  expect(linesOf('en', ['We flew from Berlin to 東京都 and on to Sapporo.'])).toEqual([
    ['We flew from Berlin', 'to 東京都 and on to Sapporo.'],
  ]);
});

test.each([
  ['abc', 3],
  ['日本語', 6],
  ['ｱｲｳ', 3],
  ['Ａ１', 4],
  ['한국어', 6],
  ['é e\u0301', 3],
  ['สวัสดี', 4],
  ['𠮷', 2],
  ['👍🏽', 2],
  ['👨‍👩‍👧', 2],
  ['🇯🇵', 2],
  ['❤️', 2],
  ['© 2026', 6],
  ['a\u200Bb', 2],
])('%s takes %d columns', (text, expected) => {
  expect(columns(text)).toBe(expected);
});

test('words are counted as the language of the text writes them', () => {
  expect(countWords(transcript('en', [' one  two ', 'three']))).toBe(3);
  expect(countWords(transcript('ja', ['私は学生です。']))).toBe(4);
  expect(countWords({ ...transcript('ja', ['I am a student.']), task: 'translate' })).toBe(4);
});
