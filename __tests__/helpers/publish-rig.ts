import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../../src/context.js';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import { publish, requirePublishable } from '../../src/transcribe/publish/publish.js';
import type { FileReport, Publication } from '../../src/transcribe/result.js';
import { type GitRemote, startGitRemote } from './git-remote.ts';
import { type GitHubApi, startGitHubApi } from './github-api.ts';
import type { Pulls } from './github-pulls.ts';
import { transcribeSettings } from './transcribe-settings.ts';
import { quickClock, writeFiles } from './workspace.ts';

/** A repository on a git server and on GitHub's API, and runs that publish to it. */
export interface PublishRig extends GitRemote {
  /** Lines of the last runs' logs; `warning: ...` */
  lines: string[];
  pulls: Pulls;
  /** Writes transcripts into a checkout and publishes them, as the end of a run does. */
  publish(checkout: string, transcripts: Record<string, string>, run?: RunOptions): Promise<Publication>;
  requirePublishable(checkout: string, settings?: Partial<TranscribeSettings>): Promise<void>;
  /** Content of a file on a branch; undefined: it is not there. */
  show(branch: string, path: string): Promise<string | undefined>;
  /** The server refuses pushes to these branches, as rules of GitHub do. */
  protect(...branches: string[]): Promise<void>;
  /** The event that the workflow runs for. */
  event(name: string, payload: object): Promise<void>;
}

export interface RunOptions {
  settings?: Partial<TranscribeSettings>;
  removed?: string[];
  context?: Partial<Context>;
}

export const REPOSITORY = 'someone/podcast';
const BOT = 'github-actions[bot]';

export async function startPublishRig(): Promise<PublishRig> {
  const remote = await startGitRemote();
  const { bare, folder, git } = remote;
  const tokens = {
    writes: { login: BOT, rights: 'write' },
    reads: { login: BOT, rights: 'read' },
    'opens-none': { login: BOT, rights: 'write', lacks: ['creation'] },
    'starts-none': { login: BOT, rights: 'write', lacks: ['actions'] },
  } as const;
  const github: GitHubApi = await startGitHubApi(`/repos/${REPOSITORY}/issues/7`, tokens, bare);
  const pulls = github.repository;
  if (!pulls) throw new Error('The API has no repository.');
  for (const name of ['ACTIONS_RESULTS_URL', 'ACTIONS_RUNTIME_TOKEN', 'GITHUB_EVENT_PATH']) delete process.env[name];
  Object.assign(process.env, {
    GITHUB_API_URL: github.url,
    GITHUB_EVENT_NAME: 'push',
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_RUN_ID: '42',
    GITHUB_SERVER_URL: 'https://github.com',
  });
  const lines: string[] = [];
  const log: Context['log'] = {
    info: (line) => void lines.push(line),
    notice: (line) => void lines.push(`notice: ${line}`),
    warning: (line) => void lines.push(`warning: ${line}`),
    error: (line) => void lines.push(`error: ${line}`),
    group: (_title, body) => body(),
    mask: () => undefined,
  };
  const contextOf = (given: Partial<Context> = {}) =>
    ({ clock: quickClock, log, signal: new AbortController().signal, ...given }) as Context;
  return {
    ...remote,
    lines,
    pulls,
    async seed(files) {
      for (const { number, state } of pulls.pulls) if (state === 'open') await pulls.close(number, 'unmerged');
      await remote.seed(files);
    },
    async publish(checkout, transcripts, { settings = {}, removed = [], context } = {}) {
      await writeFiles(checkout, transcripts);
      const files = Object.keys(transcripts).map(
        (path): FileReport => ({ audio: `${path}.mp3`, state: 'transcribed', transcripts: [path] }),
      );
      const place = { bucket: 'whisper-sagemaker-123456789012-us-east-1', prefix: 'whisper/' };
      const all = transcribeSettings({ publish: 'commit', githubToken: 'writes', workspace: checkout, ...settings });
      return publish(contextOf(context), all, { files, removed, feeds: [], place });
    },
    requirePublishable: (checkout, settings = {}) =>
      requirePublishable(
        contextOf(),
        transcribeSettings({ publish: 'commit', githubToken: 'writes', workspace: checkout, ...settings }),
      ),
    show: (branch, path) => git(bare, 'show', `${branch}:${path}`).catch(() => undefined),
    async protect(...branches) {
      const cases = branches.map((name) => `refs/heads/${name}`).join('|');
      const hook = `#!/bin/sh
while read -r old new ref; do
  case $ref in ${cases})
    echo "error: GH013: Repository rule violations found for $ref." >&2
    exit 1 ;;
  esac
done
`;
      await writeFiles(bare, { 'hooks/pre-receive': hook });
      await chmod(join(bare, 'hooks', 'pre-receive'), 0o755);
    },
    async event(name, payload) {
      const path = join(await mkdtemp(join(folder, 'event-')), 'event.json');
      await writeFile(path, JSON.stringify(payload));
      Object.assign(process.env, { GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path });
    },
    stop: async () => {
      await github.stop();
      await remote.stop();
    },
  };
}
