// What a transcription outlasts: requests that AWS refuses, loses or cuts off, and the end of the run at any moment.
import { types } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { killedAfter } from '../helpers/killed-after.ts';
import {
  audio,
  leapingClock,
  startTranscribeRig,
  states,
  type TranscribeRig,
} from '../helpers/transcribe-on-local-aws.ts';

const MINUTES = 60_000;
const HOURS = 60 * MINUTES;
let rig: TranscribeRig;

// Jest's globals are another realm's than Node's own modules, whose errors the SDK would not take for errors: it would
// hide what they are. Here an error is one wherever it comes from, as it is outside of Jest.
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    return this === Error ? types.isNativeError(value) : Function.prototype[Symbol.hasInstance].call(this, value);
  },
});

beforeAll(async () => {
  rig = await startTranscribeRig({ minInstances: 1, maxConcurrentInvocations: 8 });
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);
afterEach(() => rig.aws.control('faults', {}));

/** So many files that no other test has. */
const filesOf = (count: number, ...first: string[]) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`audio/${n}.mp3`, audio(1, first[n])]));

/** How often each audio was given to the endpoint while `body` ran, most often first. */
async function invocationsOfEach(body: () => Promise<unknown>): Promise<number[]> {
  const requests = await rig.requestsOf(body);
  const inputs = requests
    .filter(({ operation, status }) => operation === 'InvokeEndpointAsync' && !(status >= 400))
    .map(({ parameters }) => parameters['InputLocation']);
  return [...Map.groupBy(inputs, (input) => input).values()].map(({ length }) => length).sort((a, b) => b - a);
}

/**
 * Keys that are left of jobs. Whose failure it was that came while nobody ran, nobody knows: it goes when no claim is as
 * old.
 */
const left = async () => (await rig.keys()).filter((key) => !/^(?:results|failure)\//.test(key));

test(
  'a run that is killed after any of its changes: the next one finishes, and each audio is transcribed once',
  async () => {
    let survivors = 0;
    const invocations = await invocationsOfEach(() =>
      Promise.all(
        Array.from({ length: 20 }, async (_, count) => {
          const workspace = await rig.workspace(filesOf(2, '', 'fail:500 x1'));
          const clients = killedAfter(count + 1, 'us-east-1');
          await rig.transcribe(workspace, { clients, clock: leapingClock() });
          if (clients.survived()) survivors++;
          // Twenty minutes later, so that no claim is in the way.
          const { files, problem } = await rig.transcribe(workspace, { clock: leapingClock(20 * MINUTES) });
          expect(problem).toBeUndefined();
          expect(files.map(({ transcripts }) => transcripts.length)).toEqual([4, 4]);
        }),
      ),
    );
    // So that the last moment was among them.
    expect(survivors).toBeGreaterThan(0);
    expect(survivors).toBeLessThan(10);
    expect(invocations).toEqual([...Array(20).fill(2), ...Array(20).fill(1)]);
    expect(await left()).toEqual([]);
  },
  3 * MINUTES,
);

describe('each file is transcribed once, and nothing is left in the bucket, although', () => {
  async function outlast(count: number, ...faults: object[]) {
    const workspace = await rig.workspace(filesOf(count));
    for (const fault of faults) await rig.aws.control('faults', fault);
    const invocations = await invocationsOfEach(async () => {
      const result = await rig.transcribe(workspace, { clock: leapingClock() });
      await rig.aws.control('faults', {});
      expect(result.problem).toBeUndefined();
      expect(Object.values(states(result))).toEqual(Array(count).fill('transcribed'));
    });
    expect(invocations).toEqual(Array(count).fill(1));
    expect(await left()).toEqual([]);
  }
  const runtime = { service: 'sagemaker-runtime', operation: 'InvokeEndpointAsync' };

  test(
    'S3 and SageMaker ask to slow down',
    () =>
      outlast(
        12,
        { service: 's3', operation: 'PutObject', error: 'SlowDown', share: 0.2 },
        { service: 's3', operation: 'ListObjectsV2', error: 'SlowDown', share: 0.3 },
        { ...runtime, error: 'ThrottlingException', times: 6 },
      ),
    2 * MINUTES,
  );

  test(
    'S3 fails more often than the SDK asks',
    () =>
      outlast(
        3,
        { service: 's3', operation: 'ListObjectsV2', error: 'InternalError', times: 12, where: { Prefix: '*output/' } },
        { service: 's3', operation: 'PutObject', error: 'InternalError', times: 5, where: { Key: '*/results/*' } },
      ),
    2 * MINUTES,
  );

  test(
    'connections are cut, before and amid the answers',
    () =>
      outlast(
        10,
        { service: 's3', operation: '*', error: 'ConnectionCut', share: 0.1 },
        { service: 's3', operation: 'GetObject', error: 'ConnectionCut', after_bytes: 10, times: 2 },
      ),
    2 * MINUTES,
  );

  test(
    'the answers to an invocation and to the claim after it are lost',
    () =>
      outlast(
        4,
        { ...runtime, error: 'ConnectionCut', after: true, times: 2 },
        {
          service: 's3',
          operation: 'PutObject',
          error: 'InternalError',
          after: true,
          times: 2,
          where: { Key: '*/jobs/*' },
        },
      ),
    2 * MINUTES,
  );
});

test(
  'credentials that end: what is finished is published, the rest is pending, and the next run collects it',
  async () => {
    const workspace = await rig.workspace({ 'audio/fast.mp3': audio(), 'audio/slow.mp3': audio(1, 'sleep:2') });
    const { AWS_ACCESS_KEY_ID: access_key_id } = rig.aws.environment;
    const seen = rig.lines.length;
    const clock = leapingClock();
    const { sleep } = clock;
    clock.sleep = async (milliseconds, signal) => {
      if (rig.lines.slice(seen).some((line) => line.includes('1 of 2 done')))
        await rig.aws.control('credentials', { access_key_id, state: 'expired' });
      await sleep(milliseconds, signal);
    };
    const first = await rig
      .transcribe(workspace, { clock })
      .finally(() => rig.aws.control('credentials', { access_key_id, state: 'valid' }));
    expect(states(first)).toEqual({ 'audio/fast.mp3': 'transcribed', 'audio/slow.mp3': 'pending' });
    expect(first.problem).toBeUndefined();
    expect(first.left).toMatch(/^The AWS credentials ended before the work did/);
    const invocations = await rig.invocationsOf(async () => {
      expect(states(await rig.transcribe(workspace, { clock: leapingClock() }))).toMatchObject({
        'audio/slow.mp3': 'transcribed',
      });
    });
    expect(invocations).toBe(0);
  },
  2 * MINUTES,
);

test(
  'a request that got no answer in its time is sent again; one that failed waits before that',
  async () => {
    const workspace = await rig.workspace({
      'audio/failed.mp3': audio(1, 'fail:503 x1'),
      'audio/lost.mp3': audio(1, 'lost x1'),
    });
    const clock = leapingClock();
    const times: number[] = [];
    const { sleep } = clock;
    let polls = 0;
    clock.sleep = async (milliseconds, signal) => {
      // Longer than its time in the queue and its time at work together.
      if (++polls === 40) clock.leap(8 * HOURS);
      await sleep(milliseconds, signal);
    };
    const info = rig.lines.length;
    const invocations = await invocationsOfEach(async () => {
      const started = clock.now();
      const result = await rig.transcribe(workspace, { clock, settings: { waitMinutes: 24 * 60 } });
      times.push(clock.now() - started);
      expect(Object.values(states(result))).toEqual(['transcribed', 'transcribed']);
    });
    expect(invocations).toEqual([2, 2]);
    const again = rig.lines.slice(info).filter((line) => line.includes('is sent again'));
    expect(again[0]).toMatch(/failed.mp3 is sent again: the endpoint failed with 503/);
    expect(again[1]).toMatch(/lost.mp3 is sent again: the endpoint gave no answer in time/);
    expect(await left()).toEqual([]);
  },
  2 * MINUTES,
);

/** A recording of an hour, of 80 samples a second. */
function hour(): Buffer {
  const samples = audio(18);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  // PCM, one channel; samples and bytes a second, bytes and bits a sample.
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const)
    header.writeUInt16LE(value, at);
  for (const at of [24, 28]) header.writeUInt32LE(80, at);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

test(
  'no more is in flight than the fleet finishes in time, whoever sent it; the rest goes with later runs, each once',
  async () => {
    const endpointName = 'slow';
    const imageUri = await rig.image({ INSTANT_MODE: 'slow:3' });
    await rig.deploy({ endpointName, imageUri, minInstances: 1, maxConcurrentInvocations: 8, verify: false });
    const hours = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`audio/${n}.wav`, hour()]));
    const [mine, theirs] = [await rig.workspace(hours(13)), await rig.workspace(hours(3))];
    const invocations = (workspace: string, wait: boolean) =>
      invocationsOfEach(() => rig.transcribe(workspace, { settings: { endpointName, wait }, clock: leapingClock() }));
    // The first guess for a GPU: four times as fast as speech, for three hours.
    expect(await invocations(mine, false)).toEqual(Array(11).fill(1));
    expect(await invocations(mine, false)).toEqual([]);
    expect(await invocations(theirs, false)).toEqual([]);
    const rest = await invocationsOfEach(async () => {
      const settings = { endpointName };
      const both = [mine, theirs].map((workspace) => rig.transcribe(workspace, { settings, clock: leapingClock() }));
      for (const { files } of await Promise.all(both)) {
        expect(files.map(({ transcripts }) => transcripts.length)).toEqual(Array(files.length).fill(4));
      }
    });
    expect(rest).toEqual(Array(2 + 3).fill(1));
  },
  2 * MINUTES,
);
