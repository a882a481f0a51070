import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../script/lib/local-aws.ts';
import { startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import { UserError } from '../../src/errors.js';
import type { TranscribeResult } from '../../src/transcribe/result.js';
import {
  audio,
  leapingClock,
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

const folders = async () => [...new Set((await rig.keys()).map((key) => key.split('/')[0]))];

describe('files that nobody has sent', () => {
  test(
    'are transcribed, and only the results stay in the bucket; the second run reuses them without the endpoint',
    async () => {
      const workspace = await rig.workspace({
        'audio/one.mp3': audio(3),
        'audio/deep/-two "2".wav': audio(4),
        'audio/drei\n::error::ü.ogg': audio(5),
      });
      const first = await rig.transcribe(workspace);
      expect(Object.values(states(first))).toEqual(['transcribed', 'transcribed', 'transcribed']);
      expect(first.files.map(({ duration, language, words }) => [duration, language, words])).toEqual([
        [4, 'en', 3],
        [5, 'en', 3],
        [3, 'en', 3],
      ]);
      expect(await readFile(join(workspace, 'transcripts/audio/one.srt'), 'utf8')).toMatch(
        /^1\n00:00:00,000 --> 00:00:03,000\n48000 bytes [0-9a-f]{12}\n$/,
      );
      expect((await readdir(join(workspace, 'transcripts/audio'))).length).toBe(9);
      expect(await folders()).toEqual(['results']);

      const written = await stat(join(workspace, 'transcripts/audio/one.srt'));
      let second: TranscribeResult | undefined;
      const invocations = await rig.invocationsOf(async () => {
        second = await rig.transcribe(workspace);
      });
      expect(invocations).toBe(0);
      expect(second && Object.values(states(second))).toEqual(['reused', 'reused', 'reused']);
      expect((await stat(join(workspace, 'transcripts/audio/one.srt'))).ino).toBe(written.ino);
      expect(rig.lines.filter((line) => line.includes('\n'))).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'of the same content are sent once; other options are another transcript',
    async () => {
      const same = audio();
      const workspace = await rig.workspace({ 'audio/a.mp3': same, 'audio/b.mp3': same });
      const invocations = await rig.invocationsOf(async () => {
        expect(states(await rig.transcribe(workspace))).toEqual({
          'audio/a.mp3': 'transcribed',
          'audio/b.mp3': 'reused',
        });
      });
      expect(invocations).toBe(1);
      const german = await rig.transcribe(workspace, {
        settings: { redo: 'changed', options: { language: 'de', prompt: 'Grüße'.repeat(50) } },
      });
      expect(german.files[0]).toMatchObject({ state: 'transcribed', language: 'de' });
    },
    2 * MINUTES,
  );

  test(
    'of many megabytes go up in parts',
    async () => {
      const workspace = await rig.workspace({ 'audio/long.wav': audio(1000) });
      const requests = await rig.requestsOf(async () => {
        expect((await rig.transcribe(workspace)).files[0]).toMatchObject({ state: 'transcribed', duration: 1000 });
      });
      expect(requests.filter(({ operation }) => operation === 'UploadPart').length).toBe(2);
    },
    2 * MINUTES,
  );

  test(
    'in S3 are used where they are, or copied there when no header can name them; a replaced one is another',
    async () => {
      const s3 = await rig.clients.s3();
      await s3.createBucket({ Bucket: 'recordings' });
      const keys = ['2026/-a b+"c" %41.mp3', '2026/plain-1.mp3', '2026/日本語.mp3'];
      const put = (Key: string) => s3.putObject({ Bucket: 'recordings', Key, Body: audio() });
      await Promise.all(keys.map(put));
      const workspace = await rig.workspace({ 'audio/d.mp3': audio() });
      const settings = { files: ['audio/**', 's3://recordings/2026/*'] };
      const ran = async () => Object.values(states(await rig.transcribe(workspace, { settings })));
      const requests = await rig.requestsOf(async () => {
        expect(await ran()).toEqual(['transcribed', 'transcribed', 'transcribed', 'transcribed']);
      });
      const of = (operation: string) => requests.filter((request) => request.operation === operation);
      const uploads = of('PutObject').filter(({ parameters }) => String(parameters['Key']).includes('/input/'));
      expect([uploads.length, of('CopyObject').length]).toEqual([1, 2]);
      expect(of('InvokeEndpointAsync').map(({ parameters }) => parameters['InputLocation'])).toContain(
        's3://recordings/2026/plain-1.mp3',
      );
      expect(await readdir(join(workspace, 'transcripts/2026'))).toContain('日本語.srt');
      expect((await s3.listObjectsV2({ Bucket: 'recordings' })).KeyCount).toBe(3);
      expect(await folders()).not.toContain('input');

      await put('2026/日本語.mp3');
      expect(await ran()).toEqual(['reused', 'reused', 'reused', 'transcribed']);
    },
    2 * MINUTES,
  );
});

describe('a file that fails', () => {
  test(
    'is annotated, the others are published, and its refusal is remembered until retry-failed',
    async () => {
      const workspace = await rig.workspace({
        'audio/bad.mp3': audio(1, 'fail:400'),
        'audio/empty.mp3': '',
        'audio/good.mp3': audio(),
        'audio/pointer.mp3': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
      });
      const first = await rig.transcribe(workspace);
      expect(states(first)).toEqual({
        'audio/bad.mp3': 'failed',
        'audio/empty.mp3': 'failed',
        'audio/good.mp3': 'transcribed',
        'audio/pointer.mp3': 'failed',
      });
      expect(first.files.map(({ reason }) => reason)).toEqual([
        'told to fail with 400 (bad_audio)',
        'It is empty.',
        undefined,
        expect.stringContaining('lfs: true'),
      ]);
      expect(rig.lines).toContain('error: audio/bad.mp3: audio/bad.mp3: told to fail with 400 (bad_audio)');
      expect(await folders()).toEqual(['results']);

      const count = (settings = {}) => rig.invocationsOf(() => rig.transcribe(workspace, { settings }));
      expect(await count()).toBe(0);
      expect(await count({ retryFailed: true })).toBe(1);
      expect(rig.lines.join('\n')).toContain(
        'told to fail with 400 (bad_audio) It was refused in an earlier run; `retry-failed: true` sends it again.',
      );
    },
    2 * MINUTES,
  );

  test(
    'of the endpoint is sent again, twice at most, and again by the next run',
    async () => {
      const before = await rig.keys();
      const workspace = await rig.workspace({ 'audio/unlucky.mp3': audio(1, 'fail:500') });
      for (let run = 0; run < 2; run++) {
        const invocations = await rig.invocationsOf(async () => {
          const { files } = await rig.transcribe(workspace, { clock: leapingClock() });
          expect(files[0]?.reason).toMatch(/^Sent 3 times: the endpoint failed with 500: told to fail with 500$/);
        });
        expect(invocations).toBe(3);
      }
      expect(await rig.keys()).toEqual(before);
    },
    2 * MINUTES,
  );
});

describe('publishing', () => {
  test(
    'as an artifact: what its service does not take is told, the rest is in it',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'artifacts-'));
      const service = await startLocalPart(await virtualEnvironment(), 'artifacts', ['--dir', folder]);
      try {
        Object.assign(process.env, Object.fromEntries(service.lines.map((line) => line.split(/=(.*)/s).slice(0, 2))));
        const workspace = await rig.workspace({ 'audio/ok ü.mp3': audio(), 'audio/why?.mp3': audio() });
        const result = await rig.transcribe(workspace, { settings: { publish: 'artifact', formats: ['vtt'] } });
        expect(states(result)).toEqual({ 'audio/ok ü.mp3': 'transcribed', 'audio/why?.mp3': 'failed' });
        expect(result.artifactId).toEqual(expect.any(Number));
        const archive = join(folder, String(result.artifactId), 'transcripts.zip');
        const names = await run(await virtualEnvironment(), ['-m', 'zipfile', '--list', archive]);
        expect(names).toContain('audio/ok ü.vtt');
        expect(names).not.toContain('why');

        const again = await rig.transcribe(workspace, { settings: { publish: 'artifact', formats: ['vtt'] } });
        expect(again.problem?.message).toContain('"transcripts"');
        expect(again.problem?.remedy).toContain('artifact-name');
      } finally {
        for (const line of service.lines) delete process.env[line.split('=')[0] ?? ''];
        await service.stop();
        await rm(folder, { recursive: true });
      }
    },
    2 * MINUTES,
  );

  test(
    'as a commit: its message counts the audio files; where there is no branch to push to nothing is sent, and where the push is refused the run still says what it did',
    async () => {
      const workspace = await rig.workspace({ 'audio/one.mp3': audio(), 'audio/two.mp3': audio() });
      const remote = await rig.workspace({});
      const git = (...args: string[]) => run('git', ['-C', workspace, ...args]);
      await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
      await git('init', '--quiet', '--initial-branch=main');
      await git('-c', 'user.name=A', '-c', 'user.email=a@b.c', 'commit', '--quiet', '--allow-empty', '-m', 'Start');
      const settings = { publish: 'commit', formats: ['txt', 'srt'], commitMessage: 'Add {count} of {count}' } as const;
      const attempt = () => rig.transcribe(workspace, { settings: { ...settings, formats: [...settings.formats] } });
      const unpaid = await rig.invocationsOf(async () => {
        await expect(attempt()).rejects.toThrow('no remote "origin"');
      });
      expect(unpaid).toBe(0);

      await git('remote', 'add', 'origin', remote);
      const hook = join(remote, 'hooks', 'pre-receive');
      await writeFile(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      const refused = await attempt();
      expect(refused.problem?.message).toContain('refused the push');
      expect(states(refused)).toEqual({ 'audio/one.mp3': 'transcribed', 'audio/two.mp3': 'transcribed' });

      await rm(hook);
      const { commitSha } = await attempt();
      const shown = await run('git', ['-C', remote, 'show', '--format=%H %s', '--name-only', 'main']);
      expect(shown.trim().split('\n')).toEqual([
        `${commitSha} Add 2 of 2`,
        '',
        'transcripts/audio/one.srt',
        'transcripts/audio/one.txt',
        'transcripts/audio/two.srt',
        'transcripts/audio/two.txt',
      ]);
    },
    2 * MINUTES,
  );
});

describe('nothing is sent', () => {
  test(
    'to a model that would not do what is asked for, and not say so',
    async () => {
      const path = join(await rig.workspace({}), 'tiny.en');
      await rename(await rig.weights('English only'), path);
      const endpointName = 'english';
      await rig.deploy({ endpointName, model: { kind: 'folder', path }, verify: false });
      const workspace = await rig.workspace({ 'audio/a.mp3': audio() });
      const settings = { endpointName, options: { language: 'ja' } };
      const requests = await rig.requestsOf(() =>
        expect(rig.transcribe(workspace, { settings })).rejects.toMatchObject({
          message: expect.stringContaining('tiny.en knows English only'),
          remedy: expect.stringContaining('large-v3-turbo'),
        }),
      );
      expect(requests.filter(({ mutating }) => mutating)).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'where the endpoint is not there, or there is nothing to do',
    async () => {
      const workspace = await rig.workspace({ 'audio/a.mp3': audio(), 'audio/a.wav': audio() });
      const refusal = async (settings: object) => {
        const error = await rig.transcribe(workspace, { settings }).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(UserError);
        return (error as UserError).message;
      };
      const invocations = await rig.invocationsOf(async () => {
        expect(await refusal({ endpointName: 'nobody', files: ['audio/*.mp3'] })).toBe(
          'There is no endpoint "nobody" in us-east-1.',
        );
        expect(await refusal({ files: ['*.flac', 'x/*'] })).toBe(`No file matches *.flac, x/* in ${workspace}.`);
        expect(await refusal({})).toContain('- audio/a.mp3 and audio/a.wav');
      });
      expect(invocations).toBe(0);
    },
    MINUTES,
  );
});
