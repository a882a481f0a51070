// What the ledger remembers, and what that saves: requests, money, and the work of those who correct transcripts.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import { audio, BUCKET, startTranscribeRig, states, type TranscribeRig } from '../helpers/transcribe-on-local-aws.ts';

const MINUTES = 60_000;
let rig: TranscribeRig;

beforeAll(async () => {
  rig = await startTranscribeRig({ minInstances: 1, maxConcurrentInvocations: 2, verify: false });
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

const text = (workspace: string, path: string) => readFile(join(workspace, 'transcripts', path), 'utf8');
/** Requests of a run that are about one file: everything but the looks at the endpoint and the listings. */
async function perFile(body: () => Promise<unknown>): Promise<string[]> {
  const asked = (await rig.requestsOf(body)).map(({ operation }) => operation);
  const shared = /^(?:GetCallerIdentity|Describe\w+|GetMetricData|ListObjectsV2)$/;
  return asked.filter((operation) => !shared.test(operation));
}

test(
  'finished and refused files cost no request of their own; what is missing or has another look is written anew',
  async () => {
    const workspace = await rig.workspace({
      'audio/one.mp3': audio(),
      'audio/two.mp3': audio(),
      'audio/bad.mp3': audio(1, 'fail:400'),
    });
    await rig.transcribe(workspace);
    let second: Awaited<ReturnType<TranscribeRig['transcribe']>> | undefined;
    const asked = await perFile(async () => {
      second = await rig.transcribe(workspace);
    });
    // The note of what was written.
    expect(asked).toEqual(['GetObject']);
    expect(second && states(second)).toEqual({
      'audio/one.mp3': 'reused',
      'audio/two.mp3': 'reused',
      'audio/bad.mp3': 'failed',
    });
    expect(second?.files.find(({ audio }) => audio === 'audio/one.mp3')).toMatchObject({ duration: 2, words: 3 });

    await rm(join(workspace, 'transcripts/audio/one.srt'));
    await rig.transcribe(workspace);
    expect(await text(workspace, 'audio/one.srt')).toContain('-->');
    await rig.transcribe(workspace, { settings: { formats: ['tsv'], cues: { preset: 'podcast', rules: {} } } });
    expect(await readdir(join(workspace, 'transcripts/audio'))).toContain('two.tsv');
  },
  2 * MINUTES,
);

test(
  'a transcript that somebody corrected stays, with a notice, until overwrite',
  async () => {
    const workspace = await rig.workspace({ 'audio/one.mp3': audio(), 'audio/two.mp3': audio() });
    await rig.transcribe(workspace);
    const ours = await text(workspace, 'audio/one.txt');
    await writeFile(join(workspace, 'transcripts/audio/one.txt'), 'Corrected.\n');

    const asked = await perFile(() => rig.transcribe(workspace));
    expect(asked).toEqual(['GetObject']);
    // Also where all is written anew, and where nobody knows any more what was written.
    await rig.transcribe(workspace, { settings: { cues: { preset: 'podcast', rules: {} } } });
    await rig.transcribe(workspace, { settings: { redo: 'all' } });
    await forgetNotes();
    await rig.transcribe(workspace);
    expect(await text(workspace, 'audio/one.txt')).toBe('Corrected.\n');
    const notices = rig.lines.filter((line) => line.startsWith('Left as somebody has corrected them'));
    expect(notices).toHaveLength(4);
    expect(new Set(notices)).toEqual(
      new Set(['Left as somebody has corrected them: transcripts/audio/one.txt. `overwrite: true` writes them anew.']),
    );

    await rig.transcribe(workspace, { settings: { overwrite: true } });
    expect(await text(workspace, 'audio/one.txt')).toBe(ours);
  },
  2 * MINUTES,
);

test(
  'redo: never sends nothing that has a transcript, changed what another model or other options made, all everything',
  async () => {
    const workspace = await rig.workspace({ 'audio/one.mp3': audio() });
    const run = async (settings: Partial<TranscribeSettings>) => {
      const invocations = await rig.invocationsOf(() => rig.transcribe(workspace, { settings }));
      return [invocations, JSON.parse(await text(workspace, 'audio/one.json')).language];
    };
    expect(await run({})).toEqual([1, 'en']);
    expect(await run({ options: { language: 'de' } })).toEqual([0, 'en']);
    expect(rig.lines.join('\n')).toContain('another model or other options made it: the transcript of 1 audio file');
    // A checkout without the transcript gets the one that was paid for.
    await rm(join(workspace, 'transcripts'), { recursive: true });
    expect(await run({ options: { language: 'de' } })).toEqual([0, 'en']);
    expect(await run({ options: { language: 'de' }, redo: 'changed' })).toEqual([1, 'de']);
    expect(await run({ options: { language: 'de' }, redo: 'changed' })).toEqual([0, 'de']);
    expect(await run({ redo: 'changed' })).toEqual([0, 'en']);
    expect(await run({ redo: 'all' })).toEqual([1, 'en']);
  },
  2 * MINUTES,
);

test(
  'a Git LFS pointer has the transcript of its audio without a download; one without a transcript asks for it',
  async () => {
    const [known, unknown] = [audio(), audio()];
    const pointer = (content: Buffer) =>
      `version https://git-lfs.github.com/spec/v1\noid sha256:${createHash('sha256').update(content).digest('hex')}\nsize ${content.length}\n`;
    await rig.transcribe(await rig.workspace({ 'audio/one.mp3': known }));
    const workspace = await rig.workspace({ 'audio/one.mp3': pointer(known), 'audio/two.mp3': pointer(unknown) });
    const { files } = await rig.transcribe(workspace);
    expect(files).toMatchObject([
      { audio: 'audio/one.mp3', state: 'reused', duration: 2 },
      { audio: 'audio/two.mp3', state: 'failed', reason: expect.stringContaining('lfs: true') },
    ]);
    expect(await text(workspace, 'audio/one.txt')).toMatch(/^32000 bytes/);
  },
  2 * MINUTES,
);

test(
  'forget removes every trace of some audio, here and of other repositories, and nothing else',
  async () => {
    const before = await rig.keys();
    const secret = audio();
    const workspace = await rig.workspace({ 'audio/secret.mp3': secret, 'audio/public.mp3': audio() });
    const elsewhere = await rig.workspace({ 'voice/same.mp3': secret });
    await rig.transcribe(workspace, { settings: { keepAudio: true } });
    await rig.transcribe(workspace, { settings: { options: { language: 'de' }, redo: 'changed' } });
    await rig.transcribe(elsewhere, { settings: { files: ['voice/**'] } });

    // The audio is gone already; its transcripts are not.
    await rm(join(workspace, 'audio/secret.mp3'));
    const settings = { files: ['audio/**'], forget: ['**/secret.*'] };
    const { files } = await rig.transcribe(workspace, { settings });
    expect(files.map(({ audio: path }) => path)).toEqual(['audio/public.mp3']);
    expect(await readdir(join(workspace, 'transcripts/audio'))).toEqual(
      expect.not.arrayContaining([expect.stringContaining('secret')]),
    );
    expect(await text(workspace, 'audio/public.txt')).not.toBe('');
    const left = (await rig.keys()).filter((key) => !before.includes(key));
    // In English and in German, and the upload that was kept.
    expect(left.map((key) => key.split('/')[0]).sort()).toEqual(['input', 'results', 'results']);
    expect(await allNotes()).not.toContain('secret');
    expect(await allNotes()).not.toContain('same.mp3');
  },
  2 * MINUTES,
);

async function noteKeys(): Promise<string[]> {
  const s3 = await rig.clients.s3();
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: BUCKET, Prefix: 'whisper/published/' });
  return Contents.map(({ Key = '' }) => Key);
}

/** As when a run was killed between its push and the note. */
async function forgetNotes(): Promise<void> {
  const s3 = await rig.clients.s3();
  for (const Key of await noteKeys()) await s3.deleteObject({ Bucket: BUCKET, Key });
}

async function allNotes(): Promise<string> {
  const s3 = await rig.clients.s3();
  const notes = (await noteKeys()).map(async (Key) =>
    (await s3.getObject({ Bucket: BUCKET, Key })).Body?.transformToString(),
  );
  return (await Promise.all(notes)).join('\n');
}
