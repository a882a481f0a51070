import { expect, test } from '@jest/globals';
import { wantedEpisodes } from '../../../../src/transcribe/podcast/filter.js';

const none = { titles: [], since: undefined, until: undefined };
const at = (title: string, published?: string) => ({
  title,
  ...(published !== undefined && { published: new Date(published) }),
});

test.each<[string[], string, boolean]>([
  [[], 'Anything', true],
  [['*sail*'], 'How to SAIL', true],
  [['*sail*'], 'How to row', false],
  [['!*trailer*'], 'The Trailer', false],
  [['!*trailer*'], 'Part 1', true],
  [['*boat*', '!*trailer*'], 'Boats: a trailer', false],
  [['part ?'], 'AC/DC', false],
  // A slash and a dot at the beginning are letters like any other.
  [['ac*'], 'AC/DC live', true],
  [['*'], '.NET', true],
  [['Ep. [0-9]'], 'ep. 7', true],
  [['café'], 'Cafe\u0301', true],
])('by title: %j of %j is %j', (titles, title, expected) => {
  expect(wantedEpisodes({ ...none, titles })(at(title))).toBe(expected);
});

test('by day, both ends included, in UTC; what has no date is of no day', () => {
  const isWanted = wantedEpisodes({ ...none, since: '2026-11-01', until: '2026-11-20' });
  expect(isWanted(at('x', '2026-11-01T00:00:00Z'))).toBe(true);
  expect(isWanted(at('x', '2026-11-20T23:59:59Z'))).toBe(true);
  expect(isWanted(at('x', '2026-11-21T00:00:00+09:00'))).toBe(true);
  expect(isWanted(at('x', '2026-10-31T23:59:59Z'))).toBe(false);
  expect(isWanted(at('x', '2026-11-21T00:00:00Z'))).toBe(false);
  expect(isWanted(at('x'))).toBe(false);
  expect(wantedEpisodes(none)(at('x'))).toBe(true);
});
