// The AWS on this machine (local/), for the demo, the tests and the benchmarks.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export interface LocalAws {
  /** What `script/aws up` says to export. */
  environment: Record<string, string>;
  /** Asks the control API (`/_local/<path>`); with a body it is a POST. */
  control<T>(path: string, body?: unknown): Promise<T>;
  /** The requests since `mark`, oldest first. */
  requests(mark?: number): Promise<LoggedRequest[]>;
  /** A mark for `requests`: what is logged from now on. */
  mark(): Promise<number>;
  stop(): Promise<void>;
}

export interface LoggedRequest {
  n: number;
  service: string;
  operation: string;
  /** What a policy must allow for it, such as `s3:ListBucket`. */
  action: string;
  mutating: boolean;
  status: number;
  /** What it names, by the API's member names. */
  parameters: Record<string, unknown>;
  /** Of the request's body. */
  bytes_in: number;
  /** When it arrived, ISO 8601, by the simulated clock. */
  at: string;
}

/** Starts an AWS of its own in a temporary folder. `quiet` keeps the progress of the start to itself. */
export async function startLocalAws({ quiet = true } = {}): Promise<LocalAws> {
  const state = await mkdtemp(join(tmpdir(), 'whisper-aws-'));
  const script = (command: string) => run(join(root, 'script', 'aws'), [command, '--state', state], quiet);
  const down = async () => {
    await script('down');
    await rm(state, { recursive: true, force: true });
  };
  let exports: string;
  try {
    exports = await script('up');
  } catch (error) {
    await down();
    throw error;
  }
  const environment = Object.fromEntries(
    [...exports.matchAll(/^export (\w+)=(?:'([^']*)'|(.*))$/gm)].map((match) => [
      match[1] ?? '',
      match[2] ?? match[3] ?? '',
    ]),
  );
  const control = async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(
      `${environment['AWS_ENDPOINT_URL']}/_local/${path}`,
      body === undefined
        ? {}
        : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
    );
    if (!response.ok) throw new Error(`/_local/${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const log = (since: number) => control<{ next: number; requests: LoggedRequest[] }>(`requests?since=${since}`);
  return {
    environment,
    control,
    requests: async (mark = 0) => (await log(mark)).requests,
    mark: async () => (await log(Number.MAX_SAFE_INTEGER)).next,
    stop: down,
  };
}

/** Runs a program to its end and gives its standard output. */
export async function run(program: string, args: string[], quiet = true, cwd = root): Promise<string> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', quiet ? 'pipe' : 'inherit'] });
  let output = '';
  let problems = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    problems += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${problems}${output}`);
  return output;
}
