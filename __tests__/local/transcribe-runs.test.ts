import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  audio,
  BUCKET,
  leapingClock,
  quickClock,
  startTranscribeRig,
  states,
  type TranscribeRig,
} from '../helpers/transcribe-on-local-aws.ts';

const MINUTES = 60_000;
let rig: TranscribeRig;

beforeAll(async () => {
  rig = await startTranscribeRig();
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

/** A promise that a killed run stands still in, and one that says that it does. */
function standstill() {
  const reached = Promise.withResolvers<void>();
  const stop = () => {
    reached.resolve();
    return new Promise<never>(() => undefined);
  };
  return { reached: reached.promise, stop };
}

describe('two runs', () => {
  test(
    'at once: each file is sent once, and both have every transcript',
    async () => {
      const files = Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`audio/${n}.mp3`, audio(1, 'sleep:0.3')]));
      const workspaces = [await rig.workspace(files), await rig.workspace(files)];
      const invocations = await rig.invocationsOf(async () => {
        const results = await Promise.all(workspaces.map((workspace) => rig.transcribe(workspace)));
        for (const { files: reports } of results) {
          expect(reports.map(({ transcripts }) => transcripts.length)).toEqual([4, 4, 4, 4, 4, 4]);
        }
        // What one run has had transcribed cost the other nothing.
        for (const path of Object.keys(files)) {
          expect(results.map((result) => states(result)[path]).sort()).toEqual(['reused', 'transcribed']);
        }
      });
      expect(invocations).toBe(6);
      expect((await rig.keys()).filter((key) => /^(?:input|output|jobs\/.*sent)/.test(key))).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'a file that another finished between the look at the ledger and its turn is not sent again',
    async () => {
      const files = { 'audio/one.mp3': audio() };
      const [mine, theirs] = [await rig.workspace(files), await rig.workspace(files)];
      const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let held = false;
      const { middlewareStack } = await rig.clients.s3();
      middlewareStack.add(
        (next) => async (request) => {
          const { Key, IfNoneMatch } = Object(request.input);
          if (!held && IfNoneMatch !== undefined && String(Key).includes('/jobs/')) {
            held = true;
            reached.resolve();
            await released.promise;
          }
          return next(request);
        },
        { name: 'hold', step: 'initialize' },
      );
      try {
        const invocations = await rig.invocationsOf(async () => {
          const late = rig.transcribe(mine);
          await Promise.race([reached.promise, late]);
          await rig.transcribe(theirs);
          released.resolve();
          expect(states(await late)).toEqual({ 'audio/one.mp3': 'reused' });
        });
        expect(invocations).toBe(1);
      } finally {
        middlewareStack.remove('hold');
      }
    },
    2 * MINUTES,
  );

  test(
    'a run that stops dead after sending: the next one collects, and sends nothing',
    async () => {
      const workspace = await rig.workspace({ 'audio/late.mp3': audio(1, 'sleep:1') });
      const { reached, stop } = standstill();
      const dead = rig.transcribe(workspace, { clock: { now: quickClock.now, sleep: stop } });
      await Promise.race([reached, dead]);
      const invocations = await rig.invocationsOf(async () => {
        const { files } = await rig.transcribe(workspace, { clock: leapingClock() });
        expect(files).toMatchObject([{ state: 'transcribed' }]);
      });
      expect(invocations).toBe(0);
    },
    2 * MINUTES,
  );

  test(
    'a run whose time is over leaves what is under way to the next',
    async () => {
      const workspace = await rig.workspace({ 'audio/fast.mp3': audio(), 'audio/slow.mp3': audio(1, 'sleep:4') });
      const seen = rig.lines.length;
      let ahead = 0;
      const clock = {
        now: () => Date.now() + ahead,
        sleep: async (milliseconds: number, signal?: AbortSignal) => {
          await quickClock.sleep(milliseconds, signal);
          if (rig.lines.slice(seen).some((line) => line.includes('1 of 2 done'))) ahead = 2 * MINUTES;
        },
      };
      const first = await rig.transcribe(workspace, { clock, settings: { waitMinutes: 1 } });
      expect(states(first)).toEqual({ 'audio/fast.mp3': 'transcribed', 'audio/slow.mp3': 'pending' });
      const invocations = await rig.invocationsOf(async () => {
        expect(states(await rig.transcribe(workspace, { clock: leapingClock() }))).toEqual({
          'audio/fast.mp3': 'reused',
          'audio/slow.mp3': 'transcribed',
        });
      });
      expect(invocations).toBe(0);
    },
    2 * MINUTES,
  );

  test(
    'an interrupt gives back what was claimed and not sent, and the next run pays for the rest only',
    async () => {
      const count = 30;
      const files = Array.from({ length: count }, (_, n) => [`audio/${n}.mp3`, audio(1)]);
      const workspace = await rig.workspace(Object.fromEntries(files));
      const interrupt = new AbortController();
      const { middlewareStack } = await rig.clients.s3();
      let uploads = 0;
      middlewareStack.add(
        (next) => (request) => {
          if (String(Object(request.input).Key).includes('/input/') && ++uploads === 20) {
            interrupt.abort(new Error('SIGINT'));
          }
          return next(request);
        },
        { name: 'interrupt', step: 'initialize' },
      );
      const sent = await rig.invocationsOf(async () => {
        const { problem } = await rig.transcribe(workspace, { signal: interrupt.signal });
        expect(problem?.message).toMatch(/0 of 30 files are done, 30 are left/);
      });
      middlewareStack.remove('interrupt');
      expect(sent).toBeLessThan(20);
      expect((await rig.keys()).filter((key) => key.startsWith('jobs/')).length).toBe(sent);
      const rest = await rig.invocationsOf(async () => {
        const next = await rig.transcribe(workspace, { clock: leapingClock() });
        expect(Object.values(states(next))).toEqual(Array(count).fill('transcribed'));
      });
      expect(sent + rest).toBe(count);
    },
    2 * MINUTES,
  );

  test(
    'one that shall not wait sends, leaves, and keeps the audio where it was asked to; the next one collects',
    async () => {
      const before = await rig.keys();
      const workspace = await rig.workspace({ 'audio/a.mp3': audio(1, 'sleep:1'), 'audio/b.mp3': audio(1, 'sleep:1') });
      const settings = { wait: false, keepAudio: true };
      const first = await rig.transcribe(workspace, { settings });
      expect(Object.values(states(first))).toEqual(['pending', 'pending']);
      expect(first.problem).toBeUndefined();
      const invocations = await rig.invocationsOf(async () => {
        const next = await rig.transcribe(workspace, { settings: { keepAudio: true }, clock: leapingClock() });
        expect(Object.values(states(next))).toEqual(['transcribed', 'transcribed']);
        for (const { timing } of next.files) expect(timing?.answered).toBeGreaterThanOrEqual(timing?.sent ?? Infinity);
      });
      expect(invocations).toBe(0);
      const kept = (await rig.keys()).filter((key) => !before.includes(key)).map((key) => key.split('/')[0]);
      expect(kept).toEqual(['input', 'input', 'results', 'results']);
    },
    2 * MINUTES,
  );
});

test(
  'all that is written is encrypted with the key of the endpoint',
  async () => {
    const kmsKeyId = 'arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000';
    const sealed = { endpointName: 'sealed', kmsKeyId, instanceType: 'ml.c7i.xlarge' };
    await rig.deploy({ ...sealed, minInstances: 1, verify: false });
    const workspace = await rig.workspace({ 'audio/a.mp3': audio(), 'audio/long.mp3': audio(600) });
    const requests = await rig.requestsOf(async () => {
      const settings = { endpointName: 'sealed' };
      expect(Object.values(states(await rig.transcribe(workspace, { settings })))).toEqual([
        'transcribed',
        'transcribed',
      ]);
    });
    const writing = requests.filter(({ operation }) => ['PutObject', 'CreateMultipartUpload'].includes(operation));
    expect(writing.length).toBeGreaterThanOrEqual(9);
    for (const { parameters } of writing) expect(parameters['SSEKMSKeyId']).toBe(kmsKeyId);
  },
  2 * MINUTES,
);

describe('what changes under way', () => {
  test(
    'an object that is replaced while it is transcribed is no transcript of either',
    async () => {
      await rig.aws.control('bucket', { name: 'talks' });
      const s3 = await rig.clients.s3();
      const put = (content: Buffer) => s3.putObject({ Bucket: 'talks', Key: 'one.mp3', Body: content });
      await put(audio(1, 'sleep:1'));
      const workspace = await rig.workspace({});
      const settings = { files: ['s3://talks/**'] };
      const clock = leapingClock();
      const { sleep } = clock;
      clock.sleep = async (milliseconds, signal) => {
        if (replaced === undefined) replaced = await put(audio(1));
        await sleep(milliseconds, signal);
      };
      let replaced: unknown;
      const { files } = await rig.transcribe(workspace, { settings, clock });
      expect(files).toMatchObject([{ state: 'failed', reason: expect.stringContaining('replaced in the bucket') }]);
      expect((await rig.transcribe(workspace, { settings })).files).toMatchObject([{ state: 'transcribed' }]);
    },
    2 * MINUTES,
  );

  test(
    'an endpoint that is updated: each answer counts as that of the model that gave it',
    async () => {
      // Half of them the old model answers; the others each container loses once, so that the new one has the last word.
      const bodies = ['', 'lost x1'].flatMap((first) => Array.from({ length: 4 }, () => audio(1, first)));
      const files = Object.fromEntries(bodies.map((body, n) => [`audio/${n}.mp3`, body]));
      const workspace = await rig.workspace(files);
      const model = { kind: 'folder', path: await rig.weights('another model') } as const;
      const clock = leapingClock();
      const { sleep } = clock;
      let updated = false;
      let polls = 0;
      clock.sleep = async (milliseconds, signal) => {
        // Long enough for answers that come; then the time of those that do not is over.
        if (updated && ++polls % 30 === 0) clock.leap(8 * 60 * MINUTES);
        await sleep(milliseconds, signal);
      };
      const update = async () => {
        await rig.deploy({ minInstances: 1, maxConcurrentInvocations: 2, model, verify: false });
        updated = true;
      };
      const settings = { waitMinutes: 24 * 60 };
      const [result] = await Promise.all([rig.transcribe(workspace, { clock, settings }), update()]);
      expect(Object.values(states(result))).toEqual(Array(8).fill('transcribed'));
      const revisions = await Promise.all(
        Object.keys(files).map(async (path) => {
          const json = await readFile(`${workspace}/transcripts/${path.replace('mp3', 'json')}`, 'utf8');
          return JSON.parse(json).model_revision as string;
        }),
      );
      const [first, ...others] = [...Map.groupBy(revisions, (revision) => revision).values()].map(
        ({ length }) => length,
      );
      expect(others.length).toBe(1);
      // In another checkout, which has no transcripts yet, the new model's are reused, and the old one's are not.
      const elsewhere = await rig.workspace(files);
      const invocations = await rig.invocationsOf(() => rig.transcribe(elsewhere, { clock: leapingClock() }));
      expect([first, others[0]]).toContain(invocations);
    },
    2 * MINUTES,
  );
});

describe('what a killed run leaves', () => {
  /** The claim of a run that was killed before it invoked: it is there, and nobody will send the file. */
  async function killedWhileUploading(workspace: string): Promise<void> {
    const { reached, stop } = standstill();
    const { middlewareStack } = await rig.clients.s3();
    middlewareStack.add(
      (next) => (request) => (String(Object(request.input).Key).includes('/input/') ? stop() : next(request)),
      { name: 'kill', step: 'initialize' },
    );
    try {
      await Promise.race([reached, rig.transcribe(workspace)]);
    } finally {
      middlewareStack.remove('kill');
    }
  }

  test(
    'a claim without a request is respected while it lasts, and taken over by one run when it is over',
    async () => {
      const workspace = await rig.workspace({ 'audio/claimed.mp3': audio() });
      await killedWhileUploading(workspace);
      let ahead = 0;
      const clock = {
        now: () => Date.now() + ahead,
        sleep: async (milliseconds: number, signal?: AbortSignal) => {
          ahead += 2 * MINUTES;
          await quickClock.sleep(milliseconds, signal);
        },
      };
      const soon = await rig.invocationsOf(async () => {
        const { files } = await rig.transcribe(workspace, { clock, settings: { waitMinutes: 5 } });
        expect(files[0]?.state).toBe('pending');
      });
      expect(soon).toBe(0);
      const later = await rig.invocationsOf(async () => {
        const results = await Promise.all([1, 2].map(() => rig.transcribe(workspace, { clock })));
        expect(results.flatMap(({ files }) => files.map(({ transcripts }) => transcripts.length))).toEqual([4, 4]);
      });
      expect(later).toBe(1);
    },
    2 * MINUTES,
  );

  test(
    'between the result and the tidying up is tidied up by the next run',
    async () => {
      const before = await rig.keys();
      const workspace = await rig.workspace({ 'audio/left.mp3': audio() });
      const { reached, stop } = standstill();
      const { middlewareStack } = await rig.clients.s3();
      middlewareStack.add((next) => (request) => ('Delete' in request.input ? stop() : next(request)), {
        name: 'kill',
        step: 'initialize',
      });
      try {
        await Promise.race([reached, rig.transcribe(workspace)]);
      } finally {
        middlewareStack.remove('kill');
      }
      const folders = () =>
        rig.keys().then((keys) => keys.filter((key) => !before.includes(key)).map((key) => key.split('/')[0]));
      expect(await folders()).toEqual(['input', 'jobs', 'output', 'results']);
      expect(states(await rig.transcribe(workspace))).toEqual({ 'audio/left.mp3': 'reused' });
      expect(await folders()).toEqual(['results']);
    },
    2 * MINUTES,
  );

  test(
    'a claim that nobody can read is replaced',
    async () => {
      const workspace = await rig.workspace({ 'audio/spoiled.mp3': audio() });
      const before = await rig.keys();
      await rig.transcribe(workspace);
      const result = (await rig.keys()).find((key) => !before.includes(key)) ?? '';
      const s3 = await rig.clients.s3();
      const claim = result.replace('results/', 'jobs/');
      await s3.putObject({ Bucket: BUCKET, Key: `whisper/${claim}`, Body: 'half a cl' });
      await s3.putObject({ Bucket: BUCKET, Key: `whisper/${result}`, Body: '{' });
      await rm(`${workspace}/transcripts`, { recursive: true });
      expect(states(await rig.transcribe(workspace))).toEqual({ 'audio/spoiled.mp3': 'transcribed' });
      expect((await rig.keys()).filter((key) => !before.includes(key))).toEqual([result]);
    },
    2 * MINUTES,
  );
});
