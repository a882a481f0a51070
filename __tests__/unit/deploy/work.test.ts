import { describe, expect, test } from '@jest/globals';
import type { EndpointWork, Minute } from '../../../src/aws/endpoint-work.js';
import { lostWork, type OpenClaim } from '../../../src/deploy/work.js';

const MINUTE = 60_000;
const now = Date.parse('2026-11-23T12:00:30Z');

/** What was published of the last minutes, the newest first. */
const minutes = (...found: Omit<Minute, 'at'>[]): Minute[] =>
  found.map((minute, index) => ({ at: now - 30_000 - (index + 1) * MINUTE, ...minute })).reverse();
const work = (overrides: Partial<EndpointWork> = {}): EndpointWork => ({
  now,
  status: 'InService',
  current: 1,
  desired: 1,
  minutes: minutes({ backlog: 0, cpu: 1, gpu: 0 }, { backlog: 0, cpu: 1, gpu: 0 }),
  ...overrides,
});
const claim = (age: number, key = 'k'.repeat(40)): OpenClaim => ({
  key,
  owner: 'someone/podcast run 7',
  sent: now - age,
});

describe('what is lost with the instances', () => {
  test.each<[string, Partial<EndpointWork>, OpenClaim[]]>([
    ['they do nothing', {}, []],
    ['they do nothing, and an old request was lost before', {}, [claim(30 * MINUTE)]],
    ['none runs, and the queue waits for one', { current: 0, desired: 1, minutes: minutes({ backlog: 7 }) }, []],
    ['none runs, and a request was just sent', { current: 0, desired: 0 }, [claim(MINUTE)]],
    ['they were just started by a deploy', { minutes: [] }, []],
    ['they were just started by a deploy, and the queue is empty', { minutes: minutes({ backlog: 0 }) }, []],
  ])('nothing, when %s', (_when, overrides, claims) => {
    expect(lostWork(work(overrides), claims, 'instances')).toBeUndefined();
  });

  test.each<[string, Partial<EndpointWork>, OpenClaim[], RegExp]>([
    [
      'their GPUs work',
      { current: 2, minutes: minutes({ backlog: 3, age: 720, cpu: 90, gpu: 97 }) },
      [],
      /^2 instances at work, 3 requests in the queue, the oldest since 12 minutes$/,
    ],
    [
      'they did a minute ago, as far as is known',
      { minutes: minutes({ cpu: 1, gpu: 0 }, { cpu: 80, gpu: 97 }) },
      [],
      /^1 instance at work, 0 requests in the queue$/,
    ],
    [
      'the queue is theirs',
      { minutes: minutes({ backlog: 1, cpu: 1, gpu: 0 }) },
      [],
      /^1 instance running, 1 request in/,
    ],
    [
      'a request was sent that the metrics do not show yet',
      {},
      [claim(MINUTE)],
      /just sent; claimed: kkkkkkkkkkkk by /,
    ],
    [
      'the queue woke them, and no utilisation is known yet',
      { minutes: minutes({ backlog: 0 }, { backlog: 2 }) },
      [],
      /^1 instance just started/,
    ],
    ['their utilisation is not published, and a request is open', { minutes: [] }, [claim(40 * MINUTE)], /claimed:/],
  ])('something, when %s', (_when, overrides, claims, says) => {
    expect(lostWork(work(overrides), claims, 'instances')).toMatch(says);
  });
});

test('a few claims are named, the rest is counted, and nothing in them starts a new line', () => {
  const claims = ['a', 'b', 'c', 'd', 'e'].map((key) => ({ ...claim(MINUTE, key), owner: 'x\n::error::y' }));
  expect(lostWork(work(), claims, 'instances')).toBe(
    'requests that were just sent; claimed: a by x\\u000a::error::y, b by x\\u000a::error::y, c by x\\u000a::error::y and 2 more',
  );
});

test('with the endpoint its queue goes, too, whether an instance runs or not', () => {
  const asleep = { current: 0, desired: 0, minutes: minutes({ backlog: 2, age: 60 }) };
  expect(lostWork(work(asleep), [], 'endpoint')).toMatch(/^0 instances running, 2 requests in the queue/);
  expect(lostWork(work({ current: 0, desired: 0, minutes: [] }), [], 'endpoint')).toBeUndefined();
});
