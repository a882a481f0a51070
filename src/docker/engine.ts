import type { Engine } from './arguments.js';
import type { Docker } from './command.js';

/**
 * Finds out what there is to build with.
 * @throws UserError when there is no Docker or its engine does not answer
 */
export async function findEngine(docker: Docker, environment: NodeJS.ProcessEnv): Promise<Engine> {
  await docker('start', ['version', '--format', '{{.Server.Version}}']);
  // DOCKER_BUILDKIT=0 is the user's own choice of the engine's builder.
  const driver = environment['DOCKER_BUILDKIT'] === '0' ? undefined : await buildxDriver(docker);
  if (driver !== undefined && driver !== 'docker') return { buildx: 'registry', hostNetwork: false };
  // An engine can run without its bridge (dockerd --bridge=none): then only the host's network is left for a build.
  const bridges = await docker('start', ['network', 'ls', '--filter', 'driver=bridge', '--quiet']);
  return {
    buildx: driver && ((await hasContainerdStore(docker)) ? 'registry' : 'inline'),
    hostNetwork: bridges.output.trim() === '',
  };
}

/** Driver of the builder that `docker buildx build` takes; undefined: there is no buildx, or its builder does not work. */
async function buildxDriver(docker: Docker): Promise<string | undefined> {
  const { code, output } = await docker('start', ['buildx', 'inspect'], { mayFail: true });
  return code === 0 ? /^Driver:\s*(\S+)/m.exec(output)?.[1] : undefined;
}

/** Whether the engine keeps images in containerd's store: its builder then can do all that BuildKit can. */
async function hasContainerdStore(docker: Docker): Promise<boolean> {
  const { output } = await docker('start', ['info', '--format', '{{json .DriverStatus}}']);
  return output.includes('io.containerd.snapshotter');
}
