import { registryLogin } from '../aws/registry-login.js';
import type { Context } from '../context.js';
import { type Build, buildArguments, type Engine } from './arguments.js';
import { type ChildResult, runChild } from './child.js';
import { withDockerConfig } from './config.js';
import { dockerProblem, noDocker, type Phase } from './problems.js';

/**
 * Tries what a build and push need before anything is changed in AWS.
 * @throws UserError when there is no Docker, its engine does not answer, or the registry refuses the login
 */
export function checkDocker(context: Context): Promise<void> {
  return withDocker(context, async () => undefined);
}

/**
 * Builds an image for SageMaker's hosts and pushes it to ECR.
 * @throws UserError when there is no Docker, or one of its steps fails
 */
export function buildAndPush(context: Context, build: Build): Promise<void> {
  return withDocker(context, async (docker, engine) => {
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

/** Runs `body` with a Docker that is logged in to the account's registry, for as long as it takes. */
async function withDocker(context: Context, body: (docker: Docker, engine: Engine) => Promise<void>): Promise<void> {
  const { registry, username, password } = await registryLogin(context);
  await withDockerConfig(process.env, registry, async (configFolder) => {
    const docker = dockerCommand(context, configFolder);
    const engine = await findEngine(docker);
    await docker('login', ['login', '--username', username, '--password-stdin', registry], { input: password });
    await body(docker, engine);
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
  // DOCKER_BUILDKIT=0 is the user's own choice of the engine's builder.
  const buildx =
    process.env['DOCKER_BUILDKIT'] !== '0' &&
    (await docker('start', ['buildx', 'version'], { mayFail: true })).code === 0;
  // An engine can run without its bridge (dockerd --bridge=none): then only the host's network is left for a build.
  const bridges = await docker('start', ['network', 'ls', '--filter', 'driver=bridge', '--quiet']);
  return { buildx, bridge: bridges.output.trim() !== '' };
}
