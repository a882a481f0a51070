import type { ScalingActivity } from '@aws-sdk/client-application-auto-scaling';
import { describe, expect, test } from '@jest/globals';
import { standstillOf } from '../../../src/aws/scaling.js';
import { leftWords, millisecondsLeft, standingLine } from '../../../src/transcribe/collect/standing.js';

const MINUTE = 60_000;
const NOW = Date.parse('2026-11-23T10:00:00Z');

test.each([
  [
    { waiting: 12, open: 10, done: 30, instances: 1, concurrency: 2 },
    '12 waiting, 8 queued, 2 running on 1 instance, 30 of 52 done',
  ],
  [{ waiting: 0, open: 3, done: 0, instances: 0, concurrency: 2 }, '3 queued, no instance yet, 0 of 3 done'],
  [{ waiting: 0, open: 3, done: 1, instances: 4, concurrency: 1 }, '3 running on 4 instances, 1 of 4 done'],
  [{ waiting: 0, open: 2, done: 0, instances: undefined, concurrency: 1 }, '2 queued, 0 of 2 done'],
  [{ waiting: 0, open: 0, done: 7, instances: 0, concurrency: 1 }, '7 of 7 done'],
])('%j reads: %s', (standing, line) => {
  expect(standingLine(standing)).toBe(line);
});

describe('the estimate', () => {
  const done = { seconds: 3600, bytes: 36e6, milliseconds: 2 * MINUTE };

  test('goes by the audio that is left at the pace seen, and by its bytes where its length is not known', () => {
    expect(millisecondsLeft({ seconds: 7200, bytes: 0 }, done)).toBe(4 * MINUTE);
    expect(millisecondsLeft({ seconds: 1800, bytes: 18e6 }, done)).toBe(2 * MINUTE);
  });

  test('says nothing before anything is done', () => {
    expect(
      millisecondsLeft({ seconds: 7200, bytes: 5 }, { seconds: 0, bytes: 0, milliseconds: MINUTE }),
    ).toBeUndefined();
  });

  test.each([
    [20_000, 'less than a minute left'],
    [MINUTE, 'about 1 minute left'],
    [14.2 * MINUTE, 'about 14 minutes left'],
    [150 * MINUTE, 'about 2.5 hours left'],
  ])('%d milliseconds read: %s', (milliseconds, words) => {
    expect(leftWords(milliseconds)).toBe(words);
  });
});

describe('why no instance runs', () => {
  const activity = (more: Partial<ScalingActivity>): ScalingActivity =>
    ({
      StartTime: new Date(NOW - MINUTE),
      Description: 'Setting desired instance count to 1.',
      ...more,
    }) as ScalingActivity;
  const why = (activities: ScalingActivity[], more: { desired?: number; since?: number } = {}) =>
    standstillOf(activities, { endpointName: 'whisper', desired: 0, since: NOW - 3 * MINUTE, now: NOW, ...more });
  const failed = (StatusMessage: string, more: Partial<ScalingActivity> = {}) =>
    activity({ StatusCode: 'Failed', StatusMessage, ...more });

  test.each<[string, Standstill, RegExp]>([
    ['nothing was asked for yet', why([]), /^No instance runs yet: one usually starts 2 to 3 minutes after/],
    [
      'for too long',
      why([], { since: NOW - 11 * MINUTE }),
      /^No instance was asked for in 11 minutes\. mode: plan .*whisper-wake/,
    ],
    ['one is on its way', why([], { desired: 1 }), /^An instance is starting/],
    ['AWS was asked', why([activity({ StatusCode: 'InProgress' })]), /^An instance is starting/],
    [
      'a quota',
      why([
        failed(
          "Failed to set desired instance count to 1. Reason: The account-level service limit 'ml.g5.xlarge for endpoint usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances.",
        ),
      ]),
      /^A quota of the account .*'ml\.g5\.xlarge for endpoint usage' is 0 Instances.* Open Service Quotas/,
    ],
    [
      'no capacity',
      why([
        activity({
          StatusCode: 'Unfulfilled',
          StatusMessage:
            'Successfully set desired instance count to 1. Change was not fulfilled by sagemaker: Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.',
        }),
      ]),
      /^AWS has no instance of this type to give now: .*instance-type of deploy/,
    ],
    ['other words of AWS', why([failed('Reason: It rains')]), /^AWS could not start an instance: Reason: It rains\.$/],
    [
      'no instance is allowed',
      why([activity({ StatusCode: 'Failed', NotScaledReasons: [{ Code: 'AlreadyAtMaxCapacity', MaxCapacity: 0 }] })]),
      /^The endpoint may have 0 instances at most.*max-instances/,
    ],
  ])('%s', (_title, { text }, words) => {
    expect(text).toMatch(words);
  });

  test('an instance that starts is not held up by a policy that wants more than there may be', () => {
    const more = activity({
      StatusCode: 'Failed',
      NotScaledReasons: [{ Code: 'AlreadyAtMaxCapacity', MaxCapacity: 2 }],
    });
    expect(why([more], { desired: 2 }).kind).toBe('starting');
  });

  test('what is long over, what took instances away and what a later try has mended say nothing of now', () => {
    const old = failed('Reason: quota', { StartTime: new Date(NOW - 60 * MINUTE) });
    const goesOn = failed('Reason: quota', { StartTime: new Date(NOW - 60 * MINUTE), EndTime: new Date(NOW) });
    const away = activity({ StatusCode: 'Successful', Description: 'Setting desired instance count to 0.' });
    expect(why([old]).kind).toBe('waking');
    expect(why([away]).kind).toBe('waking');
    expect(why([goesOn]).kind).toBe('quota');
    expect(why([activity({ StatusCode: 'InProgress' }), failed('Reason: quota')]).kind).toBe('starting');
  });
});

type Standstill = ReturnType<typeof standstillOf>;
