import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  environment: NodeJS.ProcessEnv;
  /** Ends the child: SIGTERM, and SIGKILL when it has not gone after `GRACE`. */
  signal: AbortSignal;
  /** What the child reads on its standard input; the place for secrets, which argv is not. */
  input?: string;
  onLine?: (line: string) => void;
}

export interface ChildResult {
  code: number;
  /** The last lines of both streams. */
  output: string;
}

/** Milliseconds. */
const GRACE = 5_000;
const KEPT_LINES = 200;

/**
 * Runs a program to its end; no shell comes between. @actions/exec cannot stop a child, hence this.
 * @throws the error of `spawn` when there is no such program, and the signal's reason when it fires
 */
export async function runChild(command: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const { environment, signal, input, onLine } = options;
  signal.throwIfAborted();
  const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      onLine?.(line);
    });
  }
  // A child that ends without reading breaks the pipe; its exit status says what was wrong.
  child.stdin.on('error', () => undefined).end(input ?? '');
  const stop = () => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), GRACE).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? 1));
    });
    signal.throwIfAborted();
    return { code, output: kept.join('\n') };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
