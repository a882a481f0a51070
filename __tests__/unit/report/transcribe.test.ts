import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { UserError } from '../../../src/errors.js';
import { reportTranscribe, summaryOf } from '../../../src/report/transcribe.js';
import { shown } from '../../../src/shown.js';
import type { FileReport } from '../../../src/transcribe/result.js';

const done: FileReport = {
  audio: 'audio/<b>&"1".mp3',
  state: 'transcribed',
  duration: 3725.25,
  language: 'en',
  words: 9000,
  transcripts: ['t/1.srt', 't/1.txt'],
};
const bad: FileReport = { audio: 'a\n\n# b.mp3', state: 'failed', reason: 'It is <empty>.', transcripts: [] };

describe('the summary', () => {
  test('has a row a file, and nothing from outside is read as HTML or Markdown', () => {
    const summary = summaryOf({ files: [done, bad], instances: [] });
    expect(summary).toContain(
      '<tr><td>audio/&lt;b&gt;&amp;&quot;1&quot;.mp3</td><td>1:02:05</td><td>en</td><td>9000</td><td>transcribed</td></tr>',
    );
    expect(summary).toContain('<td>a\\u000a\\u000a# b.mp3</td>');
    expect(summary).toContain('<td>failed: It is &lt;empty&gt;.</td>');
  });

  test('stays below 1 MiB and says how many it leaves out', () => {
    const summary = summaryOf({
      files: Array.from({ length: 10_000 }, () => ({ ...bad, reason: 'ü'.repeat(200) })),
      instances: [],
    });
    expect(Buffer.byteLength(summary)).toBeLessThan(1024 ** 2);
    expect(summary).toMatch(/<\/table>\n<p>And \d{4} more\.<\/p>/);
  });
});

describe('the end of a step', () => {
  let folder: string;
  beforeAll(async () => {
    // One for all tests: @actions/core remembers the summary's path.
    folder = await mkdtemp(join(tmpdir(), 'report-'));
  });
  beforeEach(async () => {
    for (const name of ['OUTPUT', 'STEP_SUMMARY']) {
      process.env[`GITHUB_${name}`] = join(folder, name);
      await writeFile(join(folder, name), '');
    }
  });
  afterAll(async () => {
    for (const name of ['OUTPUT', 'STEP_SUMMARY']) delete process.env[`GITHUB_${name}`];
    await rm(folder, { recursive: true });
  });
  const output = async (name: string) =>
    new RegExp(`^${name}<<(.+)\\n(.*)\\n\\1$`, 'm').exec(await readFile(join(folder, 'OUTPUT'), 'utf8'))?.[2];

  test('sets every output', async () => {
    const pending: FileReport = { audio: 'p.mp3', state: 'pending', transcripts: [] };
    const reused: FileReport = { ...done, state: 'reused', duration: 0.5, transcripts: ['t/2.srt'] };
    await reportTranscribe({ files: [done, reused, pending], instances: [], commitSha: 'c0ffee', artifactId: 7 });
    const names = [
      'files-found',
      'transcribed',
      'reused',
      'failed',
      'pending',
      'audio-seconds',
      'commit-sha',
      'artifact-id',
    ];
    expect(await Promise.all(names.map(output))).toEqual(['3', '1', '1', '0', '1', '3725.75', 'c0ffee', '7']);
    expect(await output('transcripts')).toBe('["t/1.srt","t/1.txt","t/2.srt"]');
  });

  test('fails when a file failed, once the outputs and the summary are there', async () => {
    await expect(reportTranscribe({ files: [done, bad], instances: [] })).rejects.toThrow(
      '1 of 2 files could not be transcribed',
    );
    expect(await output('failed')).toBe('1');
    expect(await readFile(join(folder, 'STEP_SUMMARY'), 'utf8')).toContain('<table>');
  });

  test('fails with what stood in the way of publishing', async () => {
    const problem = new UserError('The server refused <it>.', 'Ask.');
    await expect(reportTranscribe({ files: [done], instances: [], problem })).rejects.toBe(problem);
    expect(await output('transcribed')).toBe('1');
    expect(await readFile(join(folder, 'STEP_SUMMARY'), 'utf8')).toContain('refused &lt;it&gt;. Ask.');
  });
});

test('text from outside stays on its line in the log', () => {
  expect(shown('a\n::error::b\r\u2028\u202e')).toBe('a\\u000a::error::b\\u000d\\u2028\\u202e');
  expect(shown('ünï 日本 🎙')).toBe('ünï 日本 🎙');
});
