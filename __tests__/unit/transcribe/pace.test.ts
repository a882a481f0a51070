import { describe, expect, test } from '@jest/globals';
import { parseClaim, parseResult } from '../../../src/ledger/records.js';
import {
  type Fleet,
  invocationTimeout,
  loadOf,
  mostInFlight,
  pollInterval,
  REQUEST_TTL_SECONDS,
  retryPause,
  sendable,
} from '../../../src/transcribe/submit/pace.js';

const fleet = (change: Partial<Fleet> = {}): Fleet => ({ instances: 1, concurrency: 1, gpu: true, ...change });
const nothing = { load: 0, milliseconds: 0 };

describe('an invocation may take', () => {
  test.each([
    [undefined, 3600],
    [0, 600],
    [60, 840],
    [750, 3600],
    [36_000, 3600],
  ])('of %s seconds of audio: %s seconds', (seconds, expected) => {
    expect(invocationTimeout(seconds)).toBe(expected);
  });
});

describe('how much may be in flight', () => {
  test('is what the slowest instance finishes in three hours, until an answer was seen', () => {
    expect(mostInFlight(fleet(), nothing).load).toBe(4 * 10_800);
    expect(mostInFlight(fleet({ gpu: false, instances: 2 }), nothing).load).toBe(0.25 * 2 * 10_800);
    expect(mostInFlight(fleet({ instances: 0 }), nothing).load).toBe(4 * 10_800);
  });

  test('then what the fleet finishes in three hours at the pace seen, slower or faster', () => {
    expect(mostInFlight(fleet(), { load: 3600, milliseconds: 60_000 }).load).toBe(60 * 10_800);
    expect(mostInFlight(fleet(), { load: 60, milliseconds: 600_000 }).load).toBe(0.1 * 10_800);
  });

  test('a length that is not known is at most that of its bytes at a low rate', () => {
    expect(loadOf({ seconds: 100, bytes: 1 })).toBe(110);
    expect(loadOf({ bytes: 200_000 })).toBe(110);
  });
});

describe('the next files', () => {
  const most = { requests: 5000, load: 100 };
  const none = { requests: 0, load: 0 };

  test('are sent as far as there is room, in their order', () => {
    expect(sendable([40, 40, 40, 1], none, most, fleet())).toBe(2);
    expect(sendable([40, 40, 40, 1], { requests: 3, load: 60 }, most, fleet())).toBe(1);
    expect(sendable([1, 1], { requests: 4999, load: 0 }, most, fleet())).toBe(1);
  });

  test('one for each request that the fleet works on at a time always is, however long', () => {
    expect(sendable([1e6, 1e6, 1e6], none, most, fleet({ concurrency: 2 }))).toBe(2);
    expect(sendable([1e6, 1e6, 1e6], none, most, fleet({ instances: 0 }))).toBe(1);
    expect(sendable([1e6], { requests: 1, load: 1e6 }, most, fleet())).toBe(0);
  });
});

/**
 * A fleet that works its queue off in order, and a run that looks at it every 15 seconds and fills it up: how long, in
 * seconds, the request that waited longest has waited. `speed`: seconds of audio a second of one request.
 */
function longestWait(files: readonly number[], { speed, coldStart }: { speed: number; coldStart: number }, of: Fleet) {
  const waiting = [...files];
  const queue: { load: number; seconds: number; sent: number }[] = [];
  const running: { load: number; until: number; sent: number }[] = [];
  const finished = { load: 0, from: Number.POSITIVE_INFINITY, to: 0 };
  let longest = 0;
  for (let now = 0; waiting.length + queue.length + running.length > 0; now += 15) {
    for (const done of running.filter(({ until }) => until <= now)) {
      finished.load += done.load;
      finished.from = Math.min(finished.from, done.sent);
      finished.to = now;
      running.splice(running.indexOf(done), 1);
    }
    const flight = [...queue, ...running];
    const inFlight = { requests: flight.length, load: flight.reduce((sum, { load }) => sum + load, 0) };
    const most = mostInFlight(of, { load: finished.load, milliseconds: (finished.to - finished.from) * 1000 });
    const loads = waiting.slice(0, 1000).map((seconds) => loadOf({ seconds, bytes: 0 }));
    const count = sendable(loads, inFlight, most, of);
    for (const seconds of waiting.splice(0, count))
      queue.push({ load: loadOf({ seconds, bytes: 0 }), seconds, sent: now });
    while (now >= coldStart && running.length < of.instances * of.concurrency && queue.length > 0) {
      const { load, seconds, sent } = queue.shift() as (typeof queue)[number];
      longest = Math.max(longest, now - sent);
      running.push({ load, until: now + seconds / speed + 2, sent });
    }
  }
  return longest;
}

test.each([
  ['a GPU, an hour each', 3600, 20, fleet()],
  ['a GPU, four at a time, ten minutes each', 600, 10, fleet({ concurrency: 4 })],
  ['a slow GPU, three hours each', 10_800, 5, fleet()],
  ['a CPU that is slower than the speech', 1200, 0.4, fleet({ gpu: false })],
  ['two CPUs, ten minutes each', 600, 1.5, fleet({ gpu: false, instances: 2 })],
])('a backlog of ten times the time to live drains, and nothing waits that long: %s', (_, seconds, speed, of) => {
  const work = 10 * REQUEST_TTL_SECONDS * speed * of.instances * of.concurrency;
  const files = Array.from({ length: Math.ceil(work / seconds) }, () => seconds);
  expect(longestWait(files, { speed, coldStart: 900 }, of)).toBeLessThan(0.75 * REQUEST_TTL_SECONDS);
});

test('polls begin after 2 s, slow down, and never wait longer than 15 s', () => {
  const intervals = Array.from({ length: 12 }, (_, turn) => pollInterval(turn));
  expect(intervals[0]).toBe(2000);
  expect(intervals).toEqual([...intervals].sort((a, b) => a - b));
  expect(intervals.at(-1)).toBe(15_000);
  expect(pollInterval(100_000)).toBe(15_000);
});

test('a job that failed waits a minute, then two', () => {
  expect([1, 2].map(retryPause)).toEqual([60_000, 120_000]);
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
