import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runChild } from '../../../src/child.js';
import { buildArguments } from '../../../src/docker/arguments.js';
import { withDockerConfig, withoutStore } from '../../../src/docker/config.js';
import { findEngine } from '../../../src/docker/engine.js';
import { dockerProblem, type Phase } from '../../../src/docker/problems.js';

const build = {
  folder: '/action/container',
  dockerfile: 'Dockerfile',
  platform: 'linux/amd64',
  buildArguments: { BASE_IMAGE: 'python:3.12', FLAVOUR: 'cuda' },
  reference: '127.0.0.1:5000/team/whisper:tag',
  cacheTag: 'cache-cuda',
};

describe('arguments of the build', () => {
  test("with the engine's own builder, which keeps no cache in a registry", () => {
    expect(buildArguments(build, { buildx: undefined, hostNetwork: false })).toEqual([
      'build',
      '--platform=linux/amd64',
      '--build-arg',
      'BASE_IMAGE=python:3.12',
      '--build-arg',
      'FLAVOUR=cuda',
      '--file',
      '/action/container/Dockerfile',
      '--tag',
      '127.0.0.1:5000/team/whisper:tag',
      '/action/container',
    ]);
  });

  test("with buildx: pushed at once, with Docker's manifest and without attestations", () => {
    const args = buildArguments(build, { buildx: 'registry', hostNetwork: false });
    expect(args.slice(0, 2)).toEqual(['buildx', 'build']);
    expect(args).toEqual(
      expect.arrayContaining([
        '--provenance=false',
        '--sbom=false',
        '--output=type=image,push=true,oci-mediatypes=false',
        '--cache-from=type=registry,ref=127.0.0.1:5000/team/whisper:cache-cuda',
        '--cache-to=type=registry,ref=127.0.0.1:5000/team/whisper:cache-cuda,mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true',
      ]),
    );
    expect(args).not.toContain('--network=host');
    expect(args).not.toContain('--load');
  });

  test("the builder inside an engine keeps the cache in the image, whose own tag is pushed before the cache's", () => {
    const args = buildArguments(build, { buildx: 'inline', hostNetwork: false });
    expect(args).toContain('--cache-to=type=inline');
    expect(args.filter((_, index) => args[index - 1] === '--tag')).toEqual([
      '127.0.0.1:5000/team/whisper:tag',
      '127.0.0.1:5000/team/whisper:cache-cuda',
    ]);
  });

  test('no cache where its tag could not be moved', () => {
    const args = buildArguments({ ...build, cacheTag: undefined }, { buildx: 'registry', hostNetwork: false });
    expect(args.join(' ')).not.toContain('cache');
  });

  test("the host's network only where the engine has no other", () => {
    expect(buildArguments(build, { buildx: undefined, hostNetwork: true })).toContain('--network=host');
  });
});

describe('what there is to build with', () => {
  /** A Docker that gives these answers, by the first words of its arguments; no answer: the command fails. */
  const engineOf = (answers: Record<string, string>, environment: NodeJS.ProcessEnv = {}) =>
    findEngine(async (_phase, args, { mayFail = false } = {}) => {
      const found = Object.entries(answers).find(([words]) => args.join(' ').startsWith(words));
      if (found === undefined && !mayFail) throw new Error(`docker ${args.join(' ')}`);
      return found === undefined ? { code: 1, output: 'unknown command' } : { code: 0, output: found[1] };
    }, environment);

  const engine = { version: '28.0.1', network: 'f00\n' };
  // As buildx 0.34 prints it.
  const builder = (driver: string) => `Name:          default\nDriver:        ${driver}\n\nNodes:\nName: default\n`;
  const graph = '[["Backing Filesystem","extfs"]]';
  const containerd = '[["driver-type","io.containerd.snapshotter.v1"]]';

  test.each([
    ['no buildx', engine, {}, { buildx: undefined, hostNetwork: false }],
    ['no buildx and no bridge', { ...engine, network: '\n' }, {}, { buildx: undefined, hostNetwork: true }],
    [
      'the builder in the engine',
      { ...engine, buildx: builder('docker'), info: graph },
      {},
      { buildx: 'inline', hostNetwork: false },
    ],
    [
      "the same over containerd's image store",
      { ...engine, buildx: builder('docker'), info: containerd },
      {},
      { buildx: 'registry', hostNetwork: false },
    ],
    [
      'a builder of its own, whose network is its own too',
      { ...engine, network: '', buildx: builder('docker-container') },
      {},
      { buildx: 'registry', hostNetwork: false },
    ],
    [
      'buildx switched off by the user',
      { ...engine, buildx: builder('docker-container') },
      { DOCKER_BUILDKIT: '0' },
      { buildx: undefined, hostNetwork: false },
    ],
  ])('%s', async (_name, answers, environment, expected) => {
    expect(await engineOf(answers, environment)).toEqual(expected);
  });
});

describe("Docker's configuration", () => {
  const registry = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

  test('a credential store never gets our password, and still serves the registries it serves', () => {
    const config = {
      credsStore: 'desktop',
      auths: { 'https://index.docker.io/v1/': {}, [registry]: { auth: 'old' } },
      credHelpers: { 'gcr.io': 'gcloud', [registry]: 'ecr-login' },
      proxies: { default: { httpProxy: 'http://proxy:3128' } },
    };
    expect(withoutStore(config, [registry])).toEqual({
      auths: { 'https://index.docker.io/v1/': {} },
      credHelpers: { 'https://index.docker.io/v1/': 'desktop', 'gcr.io': 'gcloud' },
      proxies: { default: { httpProxy: 'http://proxy:3128' } },
    });
  });

  test('the folder is private, sees the plugins of the user, and is gone afterwards, after an error too', async () => {
    const theirs = await mkdtemp(join(tmpdir(), 'theirs-'));
    await mkdir(join(theirs, 'cli-plugins'));
    await writeFile(join(theirs, 'cli-plugins', 'docker-buildx'), '');
    await writeFile(join(theirs, 'config.json'), JSON.stringify({ currentContext: 'colima' }));
    let ours = '';
    const used = withDockerConfig({ DOCKER_CONFIG: theirs, RUNNER_TEMP: tmpdir() }, [registry], async (folder) => {
      ours = folder;
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
      expect(existsSync(join(folder, 'cli-plugins', 'docker-buildx'))).toBe(true);
      // buildx makes this one itself, and cannot where a link to nothing is.
      await mkdir(join(folder, 'buildx'));
      expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toMatchObject({
        currentContext: 'colima',
      });
      await writeFile(join(folder, 'config.json'), 'a password');
      throw new Error('the push failed');
    });
    await expect(used).rejects.toThrow('the push failed');
    expect(existsSync(ours)).toBe(false);
    expect(existsSync(join(theirs, 'cli-plugins', 'docker-buildx'))).toBe(true);
    expect(await readFile(join(theirs, 'config.json'), 'utf8')).not.toContain('password');
    await rm(theirs, { recursive: true });
  });
});

// Texts as Docker prints them, 20.10 to 28.
test.each<[Phase, string, RegExp]>([
  [
    'start',
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    /image-uri/,
  ],
  ['start', 'something new', /image-uri/],
  [
    'login',
    'Error response from daemon: login attempt to https://x/v2/ failed with status: 401 Unauthorized',
    /ecr:GetAuthorizationToken/,
  ],
  ['push', 'denied: User: arn:x is not authorized to perform: ecr:InitiateLayerUpload', /ecr:PutImage/],
  ['push', 'no basic auth credentials', /ecr:PutImage/],
  ['build', 'write /var/lib/docker/tmp/x: no space left on device', /disk is full/],
  ['build', 'toomanyrequests: You have reached your pull rate limit.', /mirror/],
  [
    'build',
    "pull access denied for 763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference, repository does not exist or may require 'docker login': denied: User: arn:x is not authorized to perform: ecr:BatchGetImage",
    /Check `base-image`\. In ECR .* ecr:BatchGetImage/,
  ],
  [
    'build',
    'ERROR: failed to solve: 1.dkr.ecr.eu-west-1.amazonaws.com/a: failed to resolve source metadata for 1.dkr.ecr.eu-west-1.amazonaws.com/a:1: unexpected status from HEAD request to https://1.dkr.ecr.eu-west-1.amazonaws.com/v2/a/manifests/1: 403 Forbidden',
    /Check `base-image`/,
  ],
  ['build', 'manifest for python:9.99 not found: manifest unknown: manifest unknown', /base-image/],
  ['build', 'exec /bin/sh: exec format error', /x86-64/],
  ['push', 'dial tcp: lookup registry: no such host', /again/],
])('%s: %s', (phase, output, remedy) => {
  const problem = dockerProblem(phase, `first line\n${output}`);
  expect(problem.message).toContain(output);
  expect(problem.remedy).toMatch(remedy);
});

describe('a child', () => {
  const node = (code: string, options: Partial<Parameters<typeof runChild>[2]> = {}) =>
    runChild(process.execPath, ['-e', code], {
      environment: process.env,
      signal: new AbortController().signal,
      ...options,
    });

  test('gets its input, gives its lines as they come and its status', async () => {
    const lines: string[] = [];
    const code =
      'process.stdin.on("data", (d) => console.log("got " + d)).on("end", () => { console.error("bye"); process.exit(3) })';
    const result = await node(code, { input: 'secret', onLine: (line) => lines.push(line) });
    expect(result.code).toBe(3);
    expect(lines.sort()).toEqual(['bye', 'got secret']);
  });

  test('is stopped when the run is, and so are its own children, those that do not want to among them', async () => {
    const abort = new AbortController();
    const pids: number[] = [];
    const stubborn = 'process.on("SIGTERM", () => {}); console.log(process.pid); setInterval(() => {}, 1000);';
    const code = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}], { stdio: 'inherit' }); ${stubborn}`;
    const run = node(code, {
      signal: abort.signal,
      onLine: (pid) => {
        if (pids.push(Number(pid)) === 2) abort.abort(new Error('stopped'));
      },
    });
    await expect(run).rejects.toThrow('stopped');
    expect(pids).toHaveLength(2);
    // Who is dead but not yet waited for still has a pid.
    const alive = (pid: number) => {
      try {
        return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
      } catch {
        return false;
      }
    };
    expect(pids.filter(alive)).toEqual([]);
  });

  test('that does not exist is an error of its own', async () => {
    const signal = new AbortController().signal;
    await expect(runChild('no-such-program', [], { environment: process.env, signal })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
