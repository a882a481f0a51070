import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clients } from '../../src/aws/clients.js';
import type { Clock } from '../../src/clock.js';
import type { Context } from '../../src/context.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import type { TranscribeResult } from '../../src/transcribe/result.js';
import { transcribe } from '../../src/transcribe/transcribe.js';
import { type DeployRig, startDeployRig } from './deploy-on-local-aws.ts';
import { transcribeSettings } from './transcribe-settings.ts';
import { leapingClock, quickClock, writeFiles } from './workspace.ts';

export { leapingClock, quickClock, writeFiles };

/** One run of the story. */
export interface Run {
  settings?: Partial<TranscribeSettings>;
  signal?: AbortSignal;
  clock?: Clock;
  /** Where its log goes; the rig's lines, which the next deploy empties, when not given. */
  lines?: string[];
  /** Until it fires, an interrupted run brings home what is finished. */
  grace?: AbortSignal;
  clients?: Clients;
}

/** An endpoint of the instant image on a local AWS, workspaces and transcriptions. */
export interface TranscribeRig extends DeployRig {
  /** A new workspace with these files. */
  workspace(files: Record<string, string | Buffer>): Promise<string>;
  transcribe(workspace: string, run?: Run): Promise<TranscribeResult>;
  /** Keys in the endpoint's part of the bucket, without its prefix and without what deploy keeps there. */
  keys(): Promise<string[]>;
  /** How often the endpoint was invoked while `body` ran. */
  invocationsOf(body: () => Promise<unknown>): Promise<number>;
}

export const BUCKET = 'whisper-sagemaker-123456789012-us-east-1';

let unique = 0;
/** Audio that no other test has, of which the instant image makes a transcript of so many seconds; text would be refused. */
export const audio = (seconds = 2, first = '') => Buffer.from(`${first}\n${unique++}`.padEnd(16_000 * seconds, '\0'));
export const states = ({ files }: TranscribeResult) =>
  Object.fromEntries(files.map(({ audio: path, state }) => [path, state]));

/** @param endpoint what is deployed; if nothing is said, one that never sleeps and takes two files at a time */
export async function startTranscribeRig(
  endpoint: Partial<DeploySettings> = { minInstances: 1, maxConcurrentInvocations: 2 },
): Promise<TranscribeRig> {
  const rig = await startDeployRig();
  const folder = await mkdtemp(join(tmpdir(), 'transcribe-'));
  const context = (run: Run, lines = run.lines ?? rig.lines): Context => ({
    clients: run.clients ?? rig.clients,
    account: '123456789012',
    clock: run.clock ?? quickClock,
    signal: run.signal ?? new AbortController().signal,
    log: {
      info: (line) => void lines.push(line),
      notice: (line) => void lines.push(line),
      warning: (line, file) => void lines.push(`warning: ${file}: ${line}`),
      error: (line, file) => void lines.push(`error: ${file}: ${line}`),
      group: (_title, body) => body(),
      mask: () => undefined,
    },
  });
  // Two at a time: whichever is sent first, a short one does not wait for a long one.
  await rig.deploy(endpoint);
  return {
    ...rig,
    workspace: async (files) => {
      const workspace = await mkdtemp(join(folder, 'workspace-'));
      await writeFiles(workspace, files);
      return workspace;
    },
    transcribe: (workspace, run = {}) => {
      const signal = new AbortController().signal;
      return transcribe(context(run), transcribeSettings({ ...run.settings, workspace }), run.grace ?? signal);
    },
    keys: async () => {
      const s3 = await rig.clients.s3();
      const { Contents = [] } = await s3.listObjectsV2({ Bucket: BUCKET, Prefix: 'whisper/' });
      const keys = Contents.map(({ Key = '' }) => Key.slice('whisper/'.length));
      return keys.filter((key) => !/^(?:models|verified|published)\//.test(key));
    },
    invocationsOf: async (body) =>
      (await rig.requestsOf(body)).filter(({ operation }) => operation === 'InvokeEndpointAsync').length,
    stop: async () => {
      await rig.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
