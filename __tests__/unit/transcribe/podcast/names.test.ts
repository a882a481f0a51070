import { describe, expect, test } from '@jest/globals';
import { datedName, freeName, slug } from '../../../../src/transcribe/podcast/names.js';
import { extensions } from '../../../../src/transcript/formats.js';

describe('the name of an episode', () => {
  test.each([
    ['How to Sail: part 1/2?', 'how-to-sail-part-1-2'],
    ['第42回：日本語の「音声認識」', '第42回-日本語の-音声認識'],
    ['ｶﾌｪ ＡＢＣ', 'カフェ-abc'],
    ['Don’t panic — ever!', 'dont-panic-ever'],
    ['../../etc/passwd', 'etc-passwd'],
    ['.hidden', 'hidden'],
    ['--help', 'help'],
    ['a\u0000b\nc\u202ed', 'a-b-c-d'],
    ['\ud800x', 'x'],
    // The accent as a character of its own becomes part of its letter.
    ['Cafe\u0301', 'café'],
    ['ÅNGSTRÖM', 'ångström'],
    ['हिन्दी पॉडकास्ट', 'हिन्दी-पॉडकास्ट'],
  ])('%j becomes %j', (title, expected) => {
    expect(slug(title, 'otherwise')).toBe(expected);
  });

  test.each(['', '🎉🎉', '...', '/', '---', '\u0000'])('is never empty: %j', (title) => {
    expect(slug(title, 'otherwise')).toBe('otherwise');
  });

  test.each(['CON', 'nul', 'Aux.', 'com1', 'LPT9', 'COM¹'])('is none of the devices of Windows: %j', (title) => {
    expect(slug(title, 'otherwise')).not.toMatch(/^(?:con|nul|aux|com1|lpt9)$/);
  });

  test.each([
    'x'.repeat(1000),
    '日本語の'.repeat(200),
    '👩‍👩‍👧é'.repeat(300),
    'two words '.repeat(100),
    'ก็'.repeat(300),
  ])('has room for its extension and a number, cut between characters: %#', (title) => {
    const name = datedName({ title, published: new Date('2026-11-20T23:59:59Z') }, 'abc');
    const longest = Math.max(...Object.values(extensions).map(({ length }) => length));
    expect(Buffer.byteLength(name) + '-99.'.length + longest).toBeLessThanOrEqual(255);
    expect(name.length).toBeLessThanOrEqual(100);
    expect(name).toMatch(/^2026-11-20-[^-]/);
    expect(name).not.toMatch(/-$|\p{Cs}/u);
    expect(name).toBe(name.normalize('NFC'));
  });

  test('tells its day where there is one', () => {
    expect(datedName({ title: 'One', published: new Date('2026-01-01T00:30:00+09:00') }, 'abc')).toBe('2025-12-31-one');
    expect(datedName({ title: 'One' }, 'abc')).toBe('one');
    expect(datedName({ title: '🎉' }, '0123456789')).toBe('episode-01234567');
  });

  test('is numbered where it is taken', () => {
    const taken = new Set(['a', 'a-2', 'a-3']);
    expect(freeName('a', (name) => taken.has(name))).toBe('a-4');
    expect(freeName('b', (name) => taken.has(name))).toBe('b');
  });
});
