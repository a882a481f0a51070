import { describe, expect, test } from '@jest/globals';
import { parseDate } from '../../../src/feeds/dates.js';
import { plainText } from '../../../src/feeds/plain-text.js';

describe('dates of feeds', () => {
  test.each([
    ['Mon, 23 Nov 2026 10:00:00 GMT', '2026-11-23T10:00:00.000Z'],
    ['Mon, 23 Nov 2026 10:00:00 +0900', '2026-11-23T01:00:00.000Z'],
    ['Mon, 23 Nov 2026 10:00:00 EST', '2026-11-23T15:00:00.000Z'],
    ['Mon, 23 Nov 2026 10:00:00 CET', '2026-11-23T09:00:00.000Z'],
    ['Mon, 23 Nov 2026 10:00 JST', '2026-11-23T01:00:00.000Z'],
    ['Mon, 23 Nov 2026 10:00:00 Z', '2026-11-23T10:00:00.000Z'],
    ['  23 Nov 2026 10:00:00  ', '2026-11-23T10:00:00.000Z'],
    ['Montag, 23 Nov 2026 10:00:00 +0100', '2026-11-23T09:00:00.000Z'],
    ['Mon, 23 Nov 26 10:00:00 +0000', '2026-11-23T10:00:00.000Z'],
    ['23 November 2026', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T10:00:00', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23T10:00:00+09:00', '2026-11-23T01:00:00.000Z'],
    ['2026-11-23 10:00:00', '2026-11-23T10:00:00.000Z'],
    ['Mon, 23 Nov 2026 10:00:00 XYZ', undefined],
    ['2026年11月23日', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (text, expected) => expect(parseDate(text)?.toISOString()).toBe(expected));
});

describe('the text of notes', () => {
  test.each([
    ['Plain, 1 < 2 & so on', 'Plain, 1 < 2 & so on'],
    ['<p>One</p>\n<p>Two<br/>Three &amp; &#8217;four&#x2019;&nbsp;</p>', 'One\n\nTwo\nThree & ’four’'],
    ['<ul><li>a</li><li>b</li></ul>', 'a\n\nb'],
    ['<a href="https://x.example">link</a> <!-- no -->', 'link'],
    ['&unknown; &#0; &#x110000; &lt;b&gt;', '&unknown; &#0; &#x110000; <b>'],
    ['<img src="x">', undefined],
    [undefined, undefined],
  ])('%s', (html, text) => expect(plainText(html)).toBe(text));

  test('in a time that does not grow with the square of what a stranger writes', () => {
    expect(plainText('<a '.repeat(1_000_000))).toHaveLength(2_999_999);
  });
});
