import { type ChildResult, runChild } from '../child.js';
import type { Context } from '../context.js';
import { dockerProblem, noDocker, type Phase } from './problems.js';

/** Runs the Docker CLI. @throws UserError in the words of the phase when it fails */
export type Docker = (phase: Phase, args: string[], options?: DockerOptions) => Promise<ChildResult>;

interface DockerOptions {
  input?: string;
  environment?: NodeJS.ProcessEnv;
  /** Its output goes to the log. */
  shown?: boolean;
  /** A failure is an answer, not an error. */
  mayFail?: boolean;
}

export function dockerCommand({ log, signal }: Pick<Context, 'log' | 'signal'>, configFolder: string): Docker {
  return async (phase, args, { input, environment = {}, shown = false, mayFail = false } = {}) => {
    const result = await runChild('docker', args, {
      environment: { ...process.env, ...environment, DOCKER_CONFIG: configFolder },
      signal,
      ...(input !== undefined && { input }),
      ...(shown && { onLine: (line: string) => log.info(line) }),
    }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' || error.code === 'EACCES' ? noDocker(error) : error;
    });
    if (result.code !== 0 && !mayFail) throw dockerProblem(phase, result.output);
    return result;
  };
}
