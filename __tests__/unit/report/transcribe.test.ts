import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { marked } from 'marked';
import type { Context } from '../../../src/context.js';
import { UserError } from '../../../src/errors.js';
import { must, openGit } from '../../../src/git/git.js';
import { fileUrls, repositoryOf } from '../../../src/github/file-url.js';
import { timeline } from '../../../src/report/timeline.js';
import { reportTranscribe } from '../../../src/report/transcribe.js';
import { commentOf } from '../../../src/report/transcribe-comment.js';
import { transcribeSummary } from '../../../src/report/transcribe-summary.js';
import { shown } from '../../../src/shown.js';
import type { FileReport, TranscribeResult } from '../../../src/transcribe/result.js';
import { transcribeSettings } from '../../helpers/transcribe-settings.ts';

const T = Date.parse('2026-11-23T10:00:00Z');
const done: FileReport = {
  audio: 'audio/<b>&"1"|*x*.mp3',
  state: 'transcribed',
  duration: 3725.25,
  language: 'en',
  words: 9000,
  inference: 120,
  timing: { sent: T, answered: T + 420_000 },
  transcripts: ['t/a b/1.srt', 't/a b/1.podcast.json'],
};
const bad: FileReport = { audio: 'a\n\n# b.mp3', state: 'failed', reason: 'It is <empty>.', transcripts: [] };
const waiting: FileReport = { audio: 'p.mp3', state: 'pending', transcripts: [] };
const settings = { endpointName: 'whisper', pricePerHour: undefined, fileUrl: () => undefined };
const result = (files: FileReport[], more: Partial<TranscribeResult> = {}) => ({ files, instances: [], ...more });

/** The cells of the table as a reader sees them: Markdown rendered, entities read. */
function cells(markdown: string): string[][] {
  const table = marked.lexer(markdown).find((token) => token.type === 'table') as { header: Cell[]; rows: Cell[][] };
  const text = ({ text }: Cell) =>
    (marked.parseInline(text) as string)
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&');
  return [table.header, ...table.rows].map((row) => row.map(text));
}
interface Cell {
  text: string;
}

describe('the summary', () => {
  test('has a row a file, those that failed first, and nothing from outside is read as HTML or Markdown', () => {
    const summary = transcribeSummary({ ...settings, pricePerHour: 1.5 }, result([done, waiting, bad]));
    expect(cells(summary)).toEqual([
      ['File', 'State', 'Length', 'Language', 'Words', 'Queued', 'Running', 'Speed', 'Cost', 'Transcripts'],
      ['a # b.mp3', 'failed: It is <empty>.', '', '', '', '', '', '', '', ''],
      ['p.mp3', 'pending', '', '', '', '', '', '', '', ''],
      [done.audio, 'transcribed', '1:02:05', 'en', '9000', '5.0 min', '2.0 min', '31×', '0.050', 'srt podcast.json'],
    ]);
    expect(summary).toContain('**3 files**: 1 transcribed, 1 failed, 1 pending. 1:02:05 of audio.');
    expect(summary).toContain('That cost about 0.050. An estimate:');
    const html = marked.parse(summary) as string;
    expect(html).not.toMatch(/<b>|<empty>|<h1>|<em>/);
  });

  test('links what has a page', () => {
    const fileUrl = (path: string) => (path.startsWith('t/') ? `https://github.com/${encodeURI(path)}` : undefined);
    const html = marked.parse(transcribeSummary({ ...settings, fileUrl }, result([done]))) as string;
    expect([...html.matchAll(/href="([^"]*)"/g)].map(([, url]) => url)).toEqual([
      'https://github.com/t/a%20b/1.srt',
      'https://github.com/t/a%20b/1.podcast.json',
    ]);
  });

  test('stays below 1 MiB, the comment below 65,536 characters, and both say how many files they leave out', () => {
    const long = {
      ...done,
      audio: '<'.repeat(300),
      transcripts: Array.from({ length: 8 }, () => `${'ü'.repeat(200)}.srt`),
    };
    const files = [...Array.from({ length: 10_000 }, () => long), bad];
    const many = result(files, { instances: [{ at: T, instances: 1 }] });
    const fileUrl = (path: string) => `https://github.com/o/r/blob/c0ffee/${encodeURIComponent(path)}`;
    const summary = transcribeSummary({ ...settings, fileUrl }, many);
    expect(Buffer.byteLength(summary)).toBeLessThan(1024 ** 2);
    const told = { ...settings, fileUrl, githubToken: undefined, outputFolder: 't', region: 'us-east-1' };
    const comment = commentOf(told, '123456789012', many, { head: 'c0ffee', run: 'https://github.com/' });
    expect(comment.length).toBeLessThan(65_000);
    for (const markdown of [summary, comment]) {
      expect(cells(markdown)[1]?.[0]).toBe('a # b.mp3');
      expect(markdown).toMatch(/^And \d+ more files\.$/m);
    }
  });

  test('tells no account id to those who read the pull request', () => {
    const told = { ...settings, githubToken: undefined, outputFolder: 't', region: 'us-east-1' };
    const problem = new UserError('Access denied for arn:aws:iam::123456789012:role/x', 'Ask.');
    const reason = 's3://whisper-sagemaker-123456789012-us-east-1/x is gone';
    const comment = commentOf(told, '123456789012', result([{ ...bad, reason }], { problem }), { head: 'c', run: 'r' });
    expect(comment).toContain('could not be published');
    expect(comment).not.toMatch(/123456789012|Access denied/);
  });
});

describe('the timeline', () => {
  const chart = timeline(
    [
      done,
      waiting,
      { ...done, audio: 'x: %%{init}%% ;#"`\nsection gantt.mp3' },
      { ...done, audio: `${'a'.repeat(99)}` },
    ],
    [
      { at: T - 60_000, instances: 0 },
      { at: T + 300_000, instances: 1 },
      { at: T + 360_000, instances: 2 },
    ],
  );

  test('tells how long a file waited and was worked on, and the instances', () => {
    expect(chart.slice(chart.indexOf('gantt'))).toEqual([
      'gantt',
      '  dateFormat x',
      '  axisFormat %H:%M:%S',
      '  todayMarker off',
      '  section Instances',
      `  1 instance :${T + 300_000}, ${T + 360_000}`,
      `  2 instances :${T + 360_000}, ${T + 420_000}`,
      '  section audio/#60;b#62;#38;#34;1#34;#124;#42;x#42;.mp3',
      `  queue :done, ${T}, ${T + 300_000}`,
      `  inference :active, ${T + 300_000}, ${T + 420_000}`,
      expect.stringMatching(/^ {2}section …?[^:;"`{}%]*(#\d+;[^:;"`{}%]*)*$/),
      `  queue :done, ${T}, ${T + 300_000}`,
      `  inference :active, ${T + 300_000}, ${T + 420_000}`,
      `  section …${'a'.repeat(31)}`,
      `  queue :done, ${T}, ${T + 300_000}`,
      `  inference :active, ${T + 300_000}, ${T + 420_000}`,
      '```',
      '',
    ]);
  });

  test('has at most fifty files, sums up the rest, and keeps files of one name apart', () => {
    const sections = timeline(
      Array.from({ length: 60 }, () => done),
      [],
    ).filter((line) => line.startsWith('  section'));
    expect(sections).toHaveLength(51);
    expect(new Set(sections).size).toBe(51);
    expect(sections.at(-1)).toBe('  section 10 more');
    expect(timeline([waiting], [])).toEqual([]);
  });
});

test("pages of files in a folder of the repository, of those that are in the commit, at the workflow's own server", async () => {
  const repository = await mkdtemp(join(tmpdir(), 'pages-'));
  try {
    const folder = join(repository, 'a #1', 'sub');
    await mkdir(folder, { recursive: true });
    for (const name of ['x "?".mp3', 'ü.srt', 'downloaded.mp3']) await writeFile(join(folder, name), '');
    const git = openGit(folder, new AbortController().signal);
    await must(git, ['init', '--quiet', repository]);
    await must(git, ['remote', 'add', 'origin', 'https://github.com/o/r.git']);
    await must(git, ['add', '--', 'x "?".mp3', 'ü.srt']);
    const author = ['-c', 'user.name=A', '-c', 'user.email=a@example.com'];
    await must(git, [...author, 'commit', '--quiet', '--message', 'Audio']);
    const sha = await must(git, ['rev-parse', 'HEAD']);
    const url = await fileUrls(git, sha, 'https://github.com');
    expect(url('x "?".mp3')).toBe(`https://github.com/o/r/blob/${sha}/a%20%231/sub/x%20%22%3F%22.mp3`);
    expect(url('ü.srt')).toBe(`https://github.com/o/r/blob/${sha}/a%20%231/sub/%C3%BC.srt`);
    expect(url('downloaded.mp3')).toBeUndefined();
    expect((await fileUrls(git, sha, 'https://github.example.com'))('ü.srt')).toBeUndefined();
  } finally {
    await rm(repository, { recursive: true });
  }
});

test.each([
  ['https://github.com/o/r', 'o/r'],
  ['https://x-access-token:secret@github.com/o/r.git', 'o/r'],
  ['git@github.com:o/r.js.git', 'o/r.js'],
  ['ssh://git@github.com/o/r.git', 'o/r'],
  ['https://gitlab.com/o/r.git', undefined],
  ['https://github.com/o/r/../../x', undefined],
  ['/srv/git/r.git', undefined],
  ['', undefined],
])('the repository of the remote %s is %s', (remote, repository) => {
  expect(repositoryOf(remote, 'https://github.com')).toBe(repository);
});

describe('the end of a step', () => {
  let folder: string;
  let warnings: string[];
  const context = {
    log: { warning: (line: string) => void warnings.push(line), notice: (line: string) => void warnings.push(line) },
    signal: new AbortController().signal,
  } as unknown as Context;
  const report = (told: TranscribeResult, more: Parameters<typeof transcribeSettings>[0] = {}) =>
    reportTranscribe(context, transcribeSettings(more), told);
  beforeAll(async () => {
    // One for all tests: @actions/core remembers the summary's path.
    folder = await mkdtemp(join(tmpdir(), 'report-'));
  });
  beforeEach(async () => {
    warnings = [];
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
    const reused: FileReport = { audio: 'r.mp3', state: 'reused', duration: 0.5, transcripts: ['t/2.srt'] };
    await report(
      result([done, reused, waiting], {
        commitSha: 'c0ffee',
        artifactId: 7,
        published: 'pull-request',
        pullRequest: { number: 5, url: 'https://github.com/o/r/pull/5' },
        left: 'The time is over.',
      }),
    );
    const expected = {
      'files-found': '3',
      transcribed: '1',
      reused: '1',
      failed: '0',
      pending: '1',
      'audio-seconds': '3725.75',
      'commit-sha': 'c0ffee',
      'artifact-id': '7',
      published: 'pull-request',
      'pull-request-number': '5',
      'pull-request-url': 'https://github.com/o/r/pull/5',
      transcripts: '["t/a b/1.srt","t/a b/1.podcast.json","t/2.srt"]',
    };
    for (const [name, value] of Object.entries(expected)) expect([name, await output(name)]).toEqual([name, value]);
    expect(JSON.parse((await output('report')) ?? '')).toEqual([
      {
        audio: done.audio,
        state: 'transcribed',
        seconds: 3725.25,
        language: 'en',
        words: 9000,
        queuedSeconds: 300,
        inferenceSeconds: 120,
        transcripts: done.transcripts,
      },
      { audio: 'r.mp3', state: 'reused', seconds: 0.5, transcripts: ['t/2.srt'] },
      { audio: 'p.mp3', state: 'pending', transcripts: [] },
    ]);
    expect(warnings).toEqual([
      '1 of 3 files are not finished. The time is over. The next run collects them, and pays for nothing twice.',
    ]);
  });

  test('fails when a file failed, once the outputs and the summary are there; not with on-error: warn', async () => {
    await expect(report(result([done, bad]))).rejects.toThrow('1 of 2 files could not be transcribed');
    expect(await output('failed')).toBe('1');
    expect(await readFile(join(folder, 'STEP_SUMMARY'), 'utf8')).toContain('| File |');
    await expect(report(result([done, bad]), { onError: 'warn' })).resolves.toBeUndefined();
  });

  test('fails with what stood in the way of publishing, whatever on-error says', async () => {
    const problem = new UserError('The server refused <it>.', 'Ask.');
    await expect(report(result([done], { problem }), { onError: 'warn' })).rejects.toBe(problem);
    expect(await output('transcribed')).toBe('1');
    expect(await readFile(join(folder, 'STEP_SUMMARY'), 'utf8')).toContain('refused &lt;it&gt;.');
  });
});

test('text from outside stays on its line in the log', () => {
  expect(shown('a\n::error::b\r\u2028\u202e')).toBe('a\\u000a::error::b\\u000d\\u2028\\u202e');
  expect(shown('ünï 日本 🎙')).toBe('ünï 日本 🎙');
});
