// How long a step takes from its start to the first AWS request that it needs anyway, next to a bare Node.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { root, stepEnvironment } from '../script/lib/runner.ts';
import type { Figure } from './figure.ts';

const RUNS = 11;
/** A step may take this many times as long as `node -e 0`. */
const BAR = 5;

const modes: Record<string, Record<string, string>> = {
  deploy: { mode: 'deploy', 'execution-role-arn': 'arn:aws:iam::123456789012:role/whisper' },
  transcribe: { mode: 'transcribe', files: '**/*.mp3' },
};

export async function start(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [mode, inputs] of Object.entries(modes)) {
    const bare: number[] = [];
    const request: number[] = [];
    // One of each in turn, so that a drift of the machine's speed touches both alike. The first pair only warms up.
    for (let run = 0; run <= RUNS; run += 1) {
      const pair = [await bareNode(), await firstRequest(inputs)] as const;
      if (run === 0) continue;
      bare.push(pair[0]);
      request.push(pair[1]);
    }
    const ratio = round(median(request) / median(bare), 2);
    figures.push(
      { bench: 'start', case: mode, metric: 'bare_node_ms', value: round(median(bare), 1), unit: 'ms' },
      { bench: 'start', case: mode, metric: 'first_request_ms', value: round(median(request), 1), unit: 'ms' },
      { bench: 'start', case: mode, metric: 'ratio', value: ratio, unit: 'x', bar: BAR, ok: ratio <= BAR },
    );
  }
  return figures;
}

/** The code of dist/: what a runner has to download. Its licence texts are not run. */
export async function bundleSize(): Promise<Figure> {
  const dist = join(root, 'dist');
  const files = (await readdir(dist)).filter((file) => file.endsWith('.js'));
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(dist, file))).size));
  const value = round(sizes.reduce((sum, size) => sum + size, 0) / 1e6, 2);
  return { bench: 'start', case: 'dist', metric: 'bundle_mb', value, unit: 'MB' };
}

async function bareNode(): Promise<number> {
  const started = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - started;
}

async function firstRequest(inputs: Record<string, string>): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const environment = await stepEnvironment(inputs, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  });
  const started = performance.now();
  const step = spawn(process.execPath, [join(root, 'dist', 'index.js')], { env: environment, stdio: 'ignore' });
  const ended = once(step, 'exit');
  await Promise.race([
    once(server, 'request'),
    ended.then(() => Promise.reject(new Error('The step ended without a request. Is dist/ built?'))),
  ]);
  const elapsed = performance.now() - started;
  step.kill('SIGKILL');
  await ended;
  server.closeAllConnections();
  server.close();
  return elapsed;
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number, digits: number): number => Number(value.toFixed(digits));
