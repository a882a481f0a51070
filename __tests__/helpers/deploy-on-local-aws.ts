import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, type LoggedRequest, startLocalAws } from '../../script/lib/local-aws.ts';
import { type Clients, createClients } from '../../src/aws/clients.js';
import type { Context } from '../../src/context.js';
import { deploy } from '../../src/deploy/deploy.js';
import { startProgress } from '../../src/deploy/progress.js';
import { type DeployResult, resultOf } from '../../src/deploy/result.js';
import { buildAndPush } from '../../src/docker/build-and-push.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { deploySettings } from './deploy-settings.ts';

/** A local AWS, a folder of weights and images that answer at once, and deploys on them. */
export interface DeployRig {
  aws: LocalAws;
  clients: Clients;
  /** What the last deploy logged. */
  lines: string[];
  /** Settings of a deploy of the instant image with the rig's weights. */
  settings(overrides?: Partial<DeploySettings>): DeploySettings;
  /** `by`: clients to use in place of the rig's. */
  deploy(overrides?: Partial<DeploySettings>, signal?: AbortSignal, by?: Clients): Promise<DeployResult>;
  /** The requests that `body` makes. */
  requestsOf(body: () => Promise<unknown>): Promise<LoggedRequest[]>;
  /** Pushes an instant image whose environment has these variables, under a tag of its own or this one; its URI. */
  image(environment?: Record<string, string>, tag?: string): Promise<string>;
  /** What a story gets; `by`: clients to use in place of the rig's. */
  context(signal?: AbortSignal, by?: Clients): Context;
  /** A folder with a model of these bytes. */
  weights(content: string): Promise<string>;
  stop(): Promise<void>;
}

const REPOSITORY = 'instant';

export async function startDeployRig(): Promise<DeployRig> {
  const aws = await startLocalAws();
  // The SDK and Docker read the environment, as they do in a step.
  Object.assign(process.env, aws.environment);
  const folder = await mkdtemp(join(tmpdir(), 'deploy-'));
  const clients = createClients('us-east-1');
  const lines: string[] = [];
  const context = (signal = new AbortController().signal, by = clients): Context => ({
    clients: by,
    account: '123456789012',
    // Waits that are long on AWS are short here; what is waited for is the same.
    clock: { now: () => Date.now(), sleep: (ms, until) => pause(Math.min(ms, 100), until) },
    signal,
    log: {
      info: (line) => void lines.push(line),
      notice: (line) => void lines.push(line),
      warning: (line) => void lines.push(`warning: ${line}`),
      error: (line) => void lines.push(`error: ${line}`),
      group: (_title, body) => body(),
      mask: () => undefined,
    },
  });

  const weights = async (content: string): Promise<string> => {
    const path = await mkdtemp(join(folder, 'weights-'));
    await writeFile(join(path, 'model.bin'), content);
    for (const name of ['config.json', 'tokenizer.json', 'vocabulary.json']) await writeFile(join(path, name), '{}');
    return path;
  };
  const image = async (environment: Record<string, string> = {}, tag?: string): Promise<string> => {
    const path = await mkdtemp(join(folder, 'image-'));
    const variables = Object.entries(environment).map(([name, value]) => `ENV ${name}=${value}\n`);
    await writeFile(join(path, 'Dockerfile'), `ARG BASE_IMAGE\nFROM \${BASE_IMAGE}\n${variables.join('')}`);
    const reference = `${await repositoryUri(clients)}:${tag ?? path.slice(-6).toLowerCase()}`;
    const BASE_IMAGE = aws.environment['WHISPER_INSTANT_IMAGE'] ?? '';
    const build = { folder: path, dockerfile: 'Dockerfile', platform: 'linux/amd64', buildArguments: { BASE_IMAGE } };
    const registries = { image: undefined, base: undefined };
    await buildAndPush(context(), { ...build, reference, cacheTag: undefined }, registries);
    return reference;
  };
  const stop = async () => {
    await aws.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const prepare = async () => ({
    imageUri: await image(),
    model: { kind: 'folder' as const, path: await weights('the first model') },
  });
  // Nobody else could stop what was started.
  const defaults = await prepare().catch((error: unknown) => stop().then(() => Promise.reject(error)));
  const settings = (overrides: Partial<DeploySettings> = {}): DeploySettings =>
    deploySettings({
      executionRoleArn: aws.environment['WHISPER_EXECUTION_ROLE_ARN'] ?? '',
      ...defaults,
      waitMinutes: 5,
      // The test clip of the deploy before keeps an instance busy for minutes, as the metrics tell it.
      whenBusy: 'update',
      ...overrides,
    });

  return {
    aws,
    clients,
    lines,
    context,
    settings,
    image,
    weights,
    deploy: async (overrides, signal, by) => {
      lines.length = 0;
      const wanted = settings(overrides);
      const progress = startProgress(context(), wanted.waitMinutes);
      await deploy(context(signal, by), wanted, progress);
      return resultOf(wanted.endpointName, progress);
    },
    requestsOf: async (body) => {
      const mark = await aws.mark();
      await body();
      return aws.requests(mark);
    },
    stop,
  };
}

async function repositoryUri(clients: Clients): Promise<string> {
  const ecr = await clients.ecr();
  const made = await ecr.createRepository({ repositoryName: REPOSITORY }).catch(() => undefined);
  const found =
    made?.repository ?? (await ecr.describeRepositories({ repositoryNames: [REPOSITORY] })).repositories?.[0];
  return found?.repositoryUri ?? '';
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
