import { describe, expect, test } from '@jest/globals';
import { activityOf, type EndpointWork, isLost, type Minute } from '../../../src/aws/endpoint-work.js';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 23, 6);
const at = (minute: number): number => START + minute * MINUTE;

/** An endpoint after `minutes` minutes, of which the newest is not published yet. */
const after = (minutes: Omit<Minute, 'at'>[], more: Partial<EndpointWork> = {}): EndpointWork => ({
  now: at(minutes.length + 1),
  status: 'InService',
  current: 1,
  desired: 1,
  minutes: minutes
    .map((values, index) => ({ at: at(index), ...values }))
    .filter((minute) => Object.keys(minute).length > 1),
  ...more,
});
const none = { current: 0, desired: 0 };
const idle = { backlog: 0, cpu: 1, gpu: 0 };
const busy = { backlog: 0, cpu: 97, gpu: 88 };
const times = <T>(count: number, minute: T): T[] => Array.from({ length: count }, () => minute);

describe('what it does', () => {
  test.each<[string, EndpointWork, ReturnType<typeof activityOf>]>([
    ['nothing', after(times(3, idle)), { state: 'idle' }],
    ['nothing, and no instance runs', after([{ backlog: 0 }], none), { state: 'idle' }],
    ['nothing, and nothing was ever published', after([], none), { state: 'idle' }],
    ['a job', after([busy, busy]), { state: 'working', requests: 0, age: undefined }],
    [
      'a job that ended in the newest minute but one',
      after([busy, idle]),
      { state: 'working', requests: 0, age: undefined },
    ],
    ['nothing more since two minutes', after([busy, idle, idle]), { state: 'idle' }],
    ['a job on a CPU type', after([{ backlog: 1, age: 90, cpu: 400 }]), { state: 'working', requests: 1, age: 90 }],
    [
      'three that wait for an instance',
      after([{ backlog: 3, age: 70 }], none),
      { state: 'waiting', requests: 3, age: 70 },
    ],
    ['an instance that has just come', after([{ backlog: 0 }]), { state: 'unknown' }],
    ['what was published long ago tells nothing', after([busy, ...times(9, {})]), { state: 'unknown' }],
  ])('%s', (_, work, expected) => expect(activityOf(work)).toEqual(expected));
});

describe('a request sent in minute 0 is lost', () => {
  test.each<[string, boolean, EndpointWork]>([
    [
      'two minutes without backlog and without instances',
      true,
      after([{ backlog: 1 }, busy, { backlog: 0 }, { backlog: 0 }], none),
    ],
    ['one such minute', false, after([{ backlog: 1 }, { backlog: 1 }, { backlog: 0 }], none)],
    ['two that are not in a row', false, after([{}, { backlog: 0 }, {}, { backlog: 0 }], none)],
    ['minutes from before it could show', false, after([...times(2, { backlog: 0 })], none)],
    ['it waits for its first instance', false, after([{ backlog: 0 }, ...times(5, { backlog: 1 })], none)],
    ['an instance is on its way', false, after(times(4, { backlog: 0 }), { current: 0, desired: 1 })],
    ['the endpoint is in a change', false, after(times(4, { backlog: 0 }), { ...none, status: 'Updating' })],
    ['nothing was published for ten minutes', true, after(times(11, {}), none)],
    ['nothing was published for five', false, after(times(5, {}), none)],
    ['an instance that does nothing for five minutes', true, after([busy, ...times(5, idle)])],
    ['an instance that does nothing for four', false, after([busy, busy, ...times(4, idle)])],
    ['an instance that works', false, after(times(9, busy))],
    ['an instance that works on the CPU alone', false, after(times(9, { backlog: 0, cpu: 97, gpu: 0 }))],
    ['an instance of which nothing is published', false, after(times(12, { backlog: 0 }))],
    ['it waits behind others', false, after(times(9, { ...idle, backlog: 1 }))],
  ])('%s: %s', (_, lost, work) => expect(isLost(work, START)).toBe(lost));
});
