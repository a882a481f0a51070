// The size of the image, of its base apart, and how long the one without a GPU takes from `docker run` until it is ready.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { type LocalAws, startLocalAws } from '../script/lib/local-aws.ts';
import { root } from '../script/lib/runner.ts';
import type { Figure } from './figure.ts';

/** Megabytes at most: of the cuda flavour in all, of the cpu flavour above its base. */
const BARS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  cuda: { image_mb: 1500 },
  cpu: { above_base_mb: 450 },
};
/** Seconds at most from `docker run` to a 200 of /ping, besides those that it takes to read the weights. */
const READY_SECONDS = 3;
const RUNS = 3;
/** Between two pings. */
const BETWEEN_MS = 20;

type Docker = (...args: string[]) => Promise<string>;

/** @param weights a folder of weights for the start */
export async function containerImage(weights: string): Promise<Figure[]> {
  const aws = await startLocalAws();
  const images: string[] = [];
  const docker = dockerOf(aws);
  try {
    const base = aws.environment['WHISPER_BASE_IMAGE'];
    if (!base) {
      console.error('The image is not measured: no Docker engine answers here (see script/aws status).');
      return [];
    }
    const figures: Figure[] = [];
    for (const flavour of ['cpu', 'cuda']) {
      const image = `whisper-sagemaker-bench:${flavour}-${randomUUID()}`;
      const args = ['--build-arg', `BASE_IMAGE=${base}`, '--build-arg', `FLAVOUR=${flavour}`, '--tag', image];
      await docker('build', '--network', 'host', '--platform', 'linux/amd64', ...args, join(root, 'container'));
      images.push(image);
      figures.push(...figuresOf(flavour, await sizes(aws, docker, image, base)));
    }
    return [...figures, ...(await readiness(docker, images[0] ?? '', weights))];
  } finally {
    if (images.length > 0) await docker('rmi', '--force', ...images);
    await aws.stop();
  }
}

async function sizes(aws: LocalAws, docker: Docker, image: string, base: string): Promise<Record<string, number>> {
  const size = async (name: string) => Number(await docker('inspect', '--format', '{{.Size}}', name)) / 1e6;
  const [whole, below] = [await size(image), await size(base)];
  return {
    image_mb: whole,
    compressed_mb: await compressed(aws, image),
    base_mb: below,
    base_compressed_mb: await compressed(aws, base),
    above_base_mb: whole - below,
  };
}

/** Megabytes of an image's layers as a registry keeps them. */
async function compressed(aws: LocalAws, image: string): Promise<number> {
  const saved: ChildProcess = spawn('docker', ['save', image], {
    env: { ...process.env, ...aws.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => saved.on('error', reject).on('close', resolve));
  let bytes = 0;
  if (saved.stdout) for await (const chunk of saved.stdout.pipe(createGzip())) bytes += (chunk as Buffer).length;
  const code = await ended;
  if (code !== 0) throw new Error(`docker save ${image} ended with ${code}.`);
  return bytes / 1e6;
}

/** How long containers of the image take until they are ready, and how much of it is reading the weights. */
async function readiness(docker: Docker, image: string, weights: string): Promise<Figure[]> {
  const reading: number[] = [];
  const ready: { seconds: number; cpu: number }[] = [];
  const mount = ['--mount', `type=bind,source=${weights},target=/opt/ml/model,readonly`];
  for (let run = 0; run < RUNS; run += 1) {
    reading.push(
      Number(await docker('run', '--rm', ...mount, '--entrypoint', '/opt/venv/bin/python', image, '-c', READ)),
    );
    ready.push(await started(docker, ['--network', 'host', ...mount], image));
  }
  const value = round(median(ready.map(({ seconds }) => seconds)));
  const bar = round(READY_SECONDS + median(reading));
  return [
    { ...figureOf('cpu', 'ready_seconds', value, 's'), bar, ok: value <= bar },
    figureOf('cpu', 'ready_cpu_seconds', median(ready.map(({ cpu }) => cpu)), 's'),
    figureOf('cpu', 'reading_seconds', median(reading), 's'),
  ];
}

const READ = `
import time, ctranslate2
started = time.perf_counter()
ctranslate2.models.Whisper("/opt/ml/model", compute_type="int8")
print(time.perf_counter() - started)`;

async function started(docker: Docker, args: string[], image: string): Promise<{ seconds: number; cpu: number }> {
  const port = await freePort();
  const environment = ['--env', `SAGEMAKER_BIND_TO_PORT=${port}`, '--env', 'BIND_HOST=127.0.0.1'];
  const began = performance.now();
  const id = await docker('run', '--detach', ...args, ...environment, image, 'serve');
  let ended = false;
  const waited = docker('wait', id).finally(() => {
    ended = true;
  });
  try {
    while ((await ping(port)) !== 200) {
      if (ended) throw new Error(`The container ended before it was ready:\n${await docker('logs', id)}`);
      await sleep(BETWEEN_MS);
    }
    const seconds = (performance.now() - began) / 1000;
    const process = await docker('inspect', '--format', '{{.State.Pid}}', id);
    return { seconds, cpu: await processorSeconds(process) };
  } finally {
    await docker('rm', '--force', id);
    await waited;
  }
}

/** Of a process until now: fields 14 and 15 of proc(5)'s stat, in hundredths of a second; a name may have spaces. */
async function processorSeconds(id: string): Promise<number> {
  const fields = (await readFile(`/proc/${id}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const ping = async (port: number): Promise<number | undefined> =>
  (await fetch(`http://127.0.0.1:${port}/ping`).catch(() => undefined))?.status;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address ? address.port : 0;
}

function dockerOf(aws: LocalAws): Docker {
  const execute = promisify(execFile);
  const options = { env: { ...process.env, ...aws.environment }, maxBuffer: 2 ** 26 };
  return async (...args) => (await execute('docker', args, options)).stdout.trim();
}

const figuresOf = (flavour: string, values: Record<string, number>): Figure[] =>
  Object.entries(values).map(([metric, value]) => {
    const bar = BARS[flavour]?.[metric];
    const figure = figureOf(flavour, metric, value, 'MB');
    return bar === undefined ? figure : { ...figure, bar, ok: value < bar };
  });

const figureOf = (flavour: string, metric: string, value: number, unit: string): Figure => ({
  bench: 'container',
  case: `image/${flavour}`,
  metric,
  value: round(value),
  unit,
});

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number): number => Number(value.toFixed(2));
