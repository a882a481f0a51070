import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  environment: NodeJS.ProcessEnv;
  /** Ends the child and all that it started: SIGTERM, and SIGKILL for what has not gone after `GRACE`. */
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

/** Milliseconds. A run that is stopped has two seconds in all. */
const GRACE = 1_000;
const KEPT_LINES = 200;

/**
 * Runs a program to its end; no shell comes between. @actions/exec cannot stop a child, hence this.
 * @throws the error of `spawn` when there is no such program, and the signal's reason when it fires
 */
export async function runChild(command: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const { environment, signal, input, onLine } = options;
  signal.throwIfAborted();
  // A process group of its own, so that a signal reaches its children too: buildx is one of the Docker CLI.
  const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
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
  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    endGroup(child.pid, 'SIGTERM');
    killing = setTimeout(() => endGroup(child.pid, 'SIGKILL'), GRACE);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      // Not before its children have closed their ends of the streams.
      child.once('close', (status) => resolve(status ?? 1));
    });
    signal.throwIfAborted();
    return { code, output: kept.join('\n') };
  } finally {
    clearTimeout(killing);
    signal.removeEventListener('abort', stop);
    // Those that wrote elsewhere may still be there.
    if (signal.aborted) endGroup(child.pid, 'SIGKILL');
  }
}

function endGroup(leader: number | undefined, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (leader !== undefined) process.kill(-leader, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
