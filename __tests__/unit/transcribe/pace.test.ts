import { describe, expect, test } from '@jest/globals';
import { parseClaim, parseResult } from '../../../src/ledger/records.js';
import { inFlightLimit, pollInterval } from '../../../src/transcribe/submit/pace.js';

const HOUR = 3_600_000;

describe('in flight', () => {
  test('are ten for each request that an instance works on, until the pace is known', () => {
    expect(inFlightLimit({ concurrency: 1, finished: 0, milliseconds: 0 })).toBe(10);
    expect(inFlightLimit({ concurrency: 4, finished: 0, milliseconds: HOUR })).toBe(40);
  });

  test('then what the fleet finishes in three hours, half of the time to live', () => {
    expect(inFlightLimit({ concurrency: 1, finished: 60, milliseconds: HOUR })).toBe(180);
    expect(inFlightLimit({ concurrency: 1, finished: 2, milliseconds: HOUR })).toBe(10);
    expect(inFlightLimit({ concurrency: 1, finished: 100_000, milliseconds: HOUR })).toBe(1000);
  });
});

test('polls begin after 2 s, slow down, and never wait longer than 15 s', () => {
  const intervals = Array.from({ length: 12 }, (_, turn) => pollInterval(turn));
  expect(intervals[0]).toBe(2000);
  expect(intervals).toEqual([...intervals].sort((a, b) => a - b));
  expect(intervals.at(-1)).toBe(15_000);
  expect(pollInterval(100_000)).toBe(15_000);
});

describe('records that somebody spoiled', () => {
  test.each(['', '{', 'null', '[]', '{"version":2}', '{"version":1,"state":"gone"}'])('%s is not a claim', (json) => {
    expect(parseClaim(json)).toBeUndefined();
  });

  test.each(['', '{', 'null', '{"version":1}', '{"version":1,"transcript":{"segments":[]}}'])(
    '%s is not a result',
    (json) => {
      expect(parseResult(json)).toBeUndefined();
    },
  );
});
