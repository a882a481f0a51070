// The servers that local/ offers besides its AWS, each a program that says its address when it is ready.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { run } from './local-aws.ts';
import { root } from './runner.ts';

export interface LocalPart {
  /** What it printed when it was ready. */
  lines: string[];
  stop(): Promise<void>;
}

/**
 * Path of a Python with the packages of a requirements file, by default those of local/, in a virtual environment that
 * is made when it is not there.
 */
export async function virtualEnvironment(name = 'local', requirements = 'local/requirements.txt'): Promise<string> {
  const script = 'source script/lib/venv.sh && venv "$1" "$2"';
  return join((await run('bash', ['-c', script, 'venv', name, requirements], false)).trim(), 'bin', 'python');
}

/** Starts `python -m local.<name>`. It is ready once it has printed its first block of lines. */
export async function startLocalPart(python: string, name: string, args: string[]): Promise<LocalPart> {
  const child = spawn(python, ['-u', '-m', `local.${name}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdout.setEncoding('utf8');
  const [block] = (await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => Promise.reject(new Error(`local.${name} did not start.`))),
  ])) as [string];
  return {
    lines: block.trim().split('\n'),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
