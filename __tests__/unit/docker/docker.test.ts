import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildArguments } from '../../../src/docker/arguments.js';
import { runChild } from '../../../src/docker/child.js';
import { withDockerConfig, withoutStore } from '../../../src/docker/config.js';
import { dockerProblem, type Phase } from '../../../src/docker/problems.js';

const build = {
  folder: '/action/container',
  platform: 'linux/amd64',
  buildArguments: { BASE_IMAGE: 'python:3.12', FLAVOUR: 'cuda' },
  reference: 'registry/whisper:tag',
};

describe('arguments of the build', () => {
  test("with the engine's own builder", () => {
    expect(buildArguments(build, { buildx: false, bridge: true })).toEqual([
      'build',
      '--platform=linux/amd64',
      '--build-arg',
      'BASE_IMAGE=python:3.12',
      '--build-arg',
      'FLAVOUR=cuda',
      '--tag',
      'registry/whisper:tag',
      '/action/container',
    ]);
  });

  test("with buildx: pushed at once, with Docker's manifest and without attestations", () => {
    const args = buildArguments(build, { buildx: true, bridge: true });
    expect(args.slice(0, 2)).toEqual(['buildx', 'build']);
    expect(args).toEqual(
      expect.arrayContaining([
        '--provenance=false',
        '--sbom=false',
        '--output=type=image,push=true,oci-mediatypes=false',
      ]),
    );
    expect(args).not.toContain('--network=host');
  });

  test("the host's network only where the engine has no other", () => {
    expect(buildArguments(build, { buildx: false, bridge: false })).toContain('--network=host');
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
    expect(withoutStore(config, registry)).toEqual({
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
    const used = withDockerConfig({ DOCKER_CONFIG: theirs, RUNNER_TEMP: tmpdir() }, registry, async (folder) => {
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

  test('is stopped when the run is', async () => {
    const abort = new AbortController();
    const pids: number[] = [];
    const run = node('console.log(process.pid); setInterval(() => {}, 1000)', {
      signal: abort.signal,
      onLine: (pid) => {
        pids.push(Number(pid));
        abort.abort(new Error('stopped'));
      },
    });
    await expect(run).rejects.toThrow('stopped');
    expect(() => process.kill(pids[0] ?? 0, 0)).toThrow(/ESRCH/);
  });

  test('that does not exist is an error of its own', async () => {
    const signal = new AbortController().signal;
    await expect(runChild('no-such-program', [], { environment: process.env, signal })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
