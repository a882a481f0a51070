import { expect, test } from '@jest/globals';
import { pauseAfter } from '../../src/pause.js';

const NOW = Date.parse('2026-10-21T07:28:00Z');

test('pauses double, obey the server, and have an end', () => {
  expect([1, 2, 3, 4].map((attempt) => pauseAfter(attempt, null, NOW))).toEqual([1000, 2000, 4000, 8000]);
  expect(pauseAfter(1, '7', NOW)).toBe(7000);
  expect(pauseAfter(1, '100000', NOW)).toBe(60_000);
  expect(pauseAfter(1, 'Wed, 21 Oct 2026 07:28:20 GMT', NOW)).toBe(20_000);
  expect(pauseAfter(1, 'Wed, 21 Oct 2026 07:00:00 GMT', NOW)).toBe(1000);
  expect(pauseAfter(3, 'soon', NOW)).toBe(4000);
});
