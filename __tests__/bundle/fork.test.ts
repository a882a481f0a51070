import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runAction } from '../../script/lib/runner.ts';

let workspace: string;
/** In AWS's place. */
let server: Server;
let asked = 0;

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'fork-'));
  await writeFile(join(workspace, 'episode.mp3'), 'not really audio');
  server = createServer((_, response) => {
    asked++;
    response.writeHead(403).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await rm(workspace, { recursive: true, force: true });
});

const TRANSCRIBE = { mode: 'transcribe', files: '*.mp3' };
const PLAN = { mode: 'plan', 'execution-role-arn': 'arn:aws:iam::123456789012:role/whisper' };

test.each([
  ['a pull request of a fork', TRANSCRIBE, 'pull_request', 'stranger', /::notice::This pull request comes from a fork/],
  ['its plan', PLAN, 'pull_request', 'stranger', /::notice::This pull request comes from a fork/],
  ['Dependabot', TRANSCRIBE, 'push', 'dependabot[bot]', /::notice::Dependabot caused this run/],
])(
  '%s: a notice, success, and not one request to AWS',
  async (_, inputs, event, actor, notice) => {
    const path = join(workspace, 'event.json');
    const repositories = { head: { repo: { full_name: 'stranger/podcast' } }, base: { repo: { full_name: 'a/b' } } };
    await writeFile(path, JSON.stringify({ pull_request: repositories }));
    const { exitCode, log } = await runAction({
      inputs: { ...inputs, 'aws-region': 'us-east-1' },
      environment: {
        AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        GITHUB_EVENT_NAME: event,
        GITHUB_EVENT_PATH: path,
        GITHUB_ACTOR: actor,
      },
      workspace,
    });
    expect([exitCode, asked]).toEqual([0, 0]);
    expect(log).toMatch(notice);
  },
  60_000,
);
