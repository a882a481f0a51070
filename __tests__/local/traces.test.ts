// What a run leaves behind: no word of a transcript where it has no business, and after a kill nothing that others wait for.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { stepEnvironment } from '../../script/lib/runner.ts';
import type { Context } from '../../src/context.js';
import { post } from '../../src/post.js';
import { reportTranscribe } from '../../src/report/transcribe.js';
import { transcribe } from '../../src/transcribe/transcribe.js';
import { killedAfter } from '../helpers/killed-after.ts';
import { audio, BUCKET, startTranscribeRig, type TranscribeRig } from '../helpers/transcribe-on-local-aws.ts';
import { transcribeSettings } from '../helpers/transcribe-settings.ts';

const MINUTES = 60_000;
const NAMES = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'GITHUB_STATE', 'RUNNER_TEMP'] as const;

let rig: TranscribeRig;
let runner: string;
beforeAll(async () => {
  rig = await startTranscribeRig();
}, 5 * MINUTES);
beforeEach(async () => {
  runner = await mkdtemp(join(tmpdir(), 'runner-'));
  for (const name of NAMES) process.env[name] = join(runner, name);
  for (const name of NAMES.slice(0, 3)) await writeFile(join(runner, name), '');
  await mkdir(join(runner, 'RUNNER_TEMP'));
});
afterAll(async () => {
  for (const name of NAMES) delete process.env[name];
  await rig?.stop();
}, 2 * MINUTES);

const settingsOf = (workspace: string) => transcribeSettings({ workspace, onError: 'warn', pricePerHour: 1 });
const run = (context: Context, workspace: string) =>
  transcribe(context, settingsOf(workspace), new AbortController().signal);

test(
  'what was said is in the transcripts, the results and nowhere else',
  async () => {
    const printed = jest.spyOn(process.stdout, 'write');
    const workspace = await rig.workspace({
      'audio/good.mp3': audio(),
      'audio/bad.mp3': audio(1, 'fail:400'),
    });
    const context = rig.context();
    await reportTranscribe(context, settingsOf(workspace), await run(context, workspace));
    const stdout = printed.mock.calls.map(([text]) => String(text)).join('');
    printed.mockRestore();

    // Its number alone is the begin of the audio's hash, which is noted.
    const said = (await readFile(join(workspace, 'transcripts/audio/good.txt'), 'utf8')).trim();
    expect(said).toMatch(/^\d+ bytes [0-9a-f]{12}$/);
    const told = {
      log: rig.lines.join('\n'),
      stdout,
      output: await readFile(join(runner, 'GITHUB_OUTPUT'), 'utf8'),
      summary: await readFile(join(runner, 'GITHUB_STEP_SUMMARY'), 'utf8'),
      state: await readFile(join(runner, 'GITHUB_STATE'), 'utf8'),
    };
    expect(told.output).toContain('audio/good.mp3');
    expect(told.summary).toContain('audio/good.mp3');
    for (const [where, text] of Object.entries(told)) expect([where, text.includes(said)]).toEqual([where, false]);

    const s3 = await rig.clients.s3();
    const { Contents = [] } = await s3.listObjectsV2({ Bucket: BUCKET, Prefix: 'whisper/' });
    const holding: string[] = [];
    for (const { Key = '' } of Contents.filter(({ Key }) => !Key?.startsWith('whisper/models/'))) {
      const { Body } = await s3.getObject({ Bucket: BUCKET, Key });
      if ((await Body?.transformToString())?.includes(said)) holding.push(Key);
    }
    expect(holding).toEqual([expect.stringMatching(/^whisper\/results\/[0-9a-f]{64}\.json$/)]);
  },
  MINUTES,
);

/** The step's post, in the environment of its step; the requests that it made. */
async function runPost(): Promise<string[]> {
  const state = /^journal=(.*)$/m.exec(await readFile(join(runner, 'GITHUB_STATE'), 'utf8'))?.[1];
  if (state === undefined) throw new Error('The run has saved no journal.');
  const environment = await stepEnvironment({ mode: 'transcribe', files: '**/*.mp3' }, { AWS_REGION: 'us-east-1' });
  const requests = await rig.requestsOf(() =>
    post(state, { ...environment, RUNNER_TEMP: join(runner, 'RUNNER_TEMP') }),
  );
  return requests.map(({ operation }) => operation);
}
const claims = async () => (await rig.keys()).filter((key) => key.startsWith('jobs/'));

test(
  'claims of a run that was killed before it sent anything are given back, those of another run are not',
  async () => {
    const workspace = await rig.workspace({ 'audio/1.mp3': audio(), 'audio/2.mp3': audio(), 'audio/3.mp3': audio() });
    await run(rig.context(undefined, killedAfter(3, 'us-east-1')), workspace).catch(() => undefined);
    const [theirs = '', ...ours] = await claims();
    expect(ours).toHaveLength(2);
    const s3 = await rig.clients.s3();
    const at = { Bucket: BUCKET, Key: `whisper/${theirs}` };
    const claim = JSON.parse((await (await s3.getObject(at)).Body?.transformToString()) ?? '') as object;
    await s3.putObject({ ...at, Body: JSON.stringify({ ...claim, inferenceId: 'f'.repeat(32) }) });
    await mkdir(join(runner, 'RUNNER_TEMP', 'extracted-1'));

    await runPost();
    expect(await claims()).toEqual([theirs]);
    expect(await readdir(join(runner, 'RUNNER_TEMP'))).toEqual([expect.stringMatching(/\.jsonl$/)]);
    await s3.deleteObject(at);
    await run(rig.context(), workspace);
  },
  MINUTES,
);

test(
  'after a run that ended by itself the post asks AWS for nothing',
  async () => {
    const workspace = await rig.workspace({ 'audio/1.mp3': audio(), 'audio/2.mp3': audio(1, 'fail:400') });
    await run(rig.context(), workspace);
    expect(await runPost()).toEqual([]);
  },
  MINUTES,
);

test('the post warns of what it cannot do, and does not fail', async () => {
  const journal = join(runner, 'journal');
  const lines = [
    { bucket: 'none', prefix: '' },
    { claiming: 'a', inferenceId: 'b' },
  ];
  await writeFile(journal, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const printed = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  await post(journal, await stepEnvironment({ mode: 'transcribe' }, {}));
  const text = printed.mock.calls.map(([text]) => String(text)).join('');
  printed.mockRestore();
  expect(text).toMatch(/^::warning::Files that were not sent are free for the next run only in 15 minutes: /);
  await rm(journal);
});
