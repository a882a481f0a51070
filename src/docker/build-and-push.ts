import { registryPassword } from '../aws/registry-password.js';
import type { Context } from '../context.js';
import { type Build, buildArguments, type Engine } from './arguments.js';
import { type ChildResult, runChild } from './child.js';
import { withDockerConfig } from './config.js';
import { dockerProblem, noDocker, type Phase } from './problems.js';

/**
 * Builds an image for SageMaker's hosts and pushes it to ECR.
 * @throws UserError when there is no Docker, or one of its steps fails
 */
export async function buildAndPush(context: Context, build: Build): Promise<void> {
  const registry = build.reference.split('/', 1)[0] ?? '';
  await withDockerConfig(process.env, registry, async (configFolder) => {
    const docker = dockerCommand(context, configFolder);
    const engine = await findEngine(docker);
    const password = await registryPassword(context);
    await docker('login', ['login', '--username', 'AWS', '--password-stdin', registry], { input: password });
    await context.log.group('Build the image', async () => {
      context.log.info(`Builder: ${engine.buildx ? 'buildx' : "the engine's own"}`);
      const environment = engine.buildx ? {} : { DOCKER_BUILDKIT: '0' };
      await docker('build', buildArguments(build, engine), { environment, shown: true });
    });
    if (engine.buildx) return;
    await context.log.group('Push the image', async () => {
      await docker('push', ['push', build.reference], { shown: true });
    });
  });
}

type Docker = (phase: Phase, args: string[], options?: DockerOptions) => Promise<ChildResult>;

interface DockerOptions {
  input?: string;
  environment?: NodeJS.ProcessEnv;
  /** Its output goes to the log. */
  shown?: boolean;
  /** A failure is an answer, not an error. */
  mayFail?: boolean;
}

function dockerCommand({ log, signal }: Context, configFolder: string): Docker {
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

async function findEngine(docker: Docker): Promise<Engine> {
  await docker('start', ['version', '--format', '{{.Server.Version}}']);
  const buildx =
    process.env['DOCKER_BUILDKIT'] !== '0' &&
    (await docker('start', ['buildx', 'version'], { mayFail: true })).code === 0;
  // An engine can run without its bridge (dockerd --bridge=none): then only the host's network is left for a build.
  const bridges = await docker('start', ['network', 'ls', '--filter', 'driver=bridge', '--quiet']);
  return { buildx, bridge: bridges.output.trim() !== '' };
}
