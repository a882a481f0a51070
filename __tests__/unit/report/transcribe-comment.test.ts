import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Context } from '../../../src/context.js';
import { tellPullRequest } from '../../../src/report/transcribe-comment.js';
import type { FileReport } from '../../../src/transcribe/result.js';
import { type GitHubApi, startGitHubApi } from '../../helpers/github-api.ts';

let github: GitHubApi;
let folder: string;
const before = { ...process.env };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'comment-'));
  github = await startGitHubApi('/repos/someone/podcast/issues/7', {
    writes: { login: 'github-actions[bot]', rights: 'write' },
    reads: { login: 'github-actions[bot]', rights: 'read' },
  });
  const event = join(folder, 'event.json');
  await writeFile(event, JSON.stringify({ pull_request: { number: 7, head: { sha: 'c0ffee'.repeat(6) } } }));
  Object.assign(process.env, {
    GITHUB_API_URL: github.url,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: event,
    GITHUB_REPOSITORY: 'someone/podcast',
    GITHUB_RUN_ID: '42',
    GITHUB_SERVER_URL: 'https://github.com',
  });
});
afterAll(async () => {
  process.env = before;
  await github?.stop();
  await rm(folder, { recursive: true });
});

const lines: string[] = [];
const note = (line: string) => void lines.push(line);
const context = {
  account: '123456789012',
  log: { info: note, warning: note },
  signal: new AbortController().signal,
} as unknown as Context;
const tell = (outputFolder: string, files: FileReport[], githubToken = 'writes') =>
  tellPullRequest(
    context,
    {
      endpointName: 'whisper',
      region: 'us-east-1',
      outputFolder,
      githubToken,
      pricePerHour: undefined,
      fileUrl: () => undefined,
    },
    { files, instances: [] },
  );
const pending: FileReport = { audio: 'a.mp3', state: 'pending', transcripts: [] };
const bodies = () => github.comments.map(({ body }) => body);

test('one comment for each output folder, which later runs write over', async () => {
  await tell('transcripts', [pending]);
  await tell('texts--> <b>', [pending]);
  await tell('transcripts', [{ ...pending, state: 'reused' }]);
  expect(bodies()).toEqual([
    expect.stringContaining('| <code>a.mp3</code> | reused |'),
    expect.stringContaining('### Transcripts in <code>texts--&gt; &lt;b&gt;</code>'),
  ]);
  expect(bodies()[1]?.split('\n')[0]).toBe(
    '<!-- whisper-sagemaker transcribe: whisper us-east-1 texts%2D%2D%3E%20%3Cb%3E -->',
  );
  expect(lines.at(-1)).toMatch(
    /^The outcome is told on the pull request: https:\/\/github\.com\/someone\/podcast\/pull\/7/,
  );
});

test('a token that may not write is a warning', async () => {
  await tell('transcripts', [pending], 'reads');
  expect(lines.at(-1)).toMatch(/^The outcome was not told on the pull request: .*pull-requests: write/);
  expect(bodies()[0]).toContain('reused');
});
