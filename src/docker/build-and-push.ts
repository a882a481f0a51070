import type { EcrRegistry } from '../aws/ecr-registry.js';
import { type RegistryLogin, registryLogin } from '../aws/registry-login.js';
import type { Context } from '../context.js';
import { type Build, buildArguments, type Engine } from './arguments.js';
import { type Docker, dockerCommand } from './command.js';
import { withDockerConfig } from './config.js';
import { findEngine } from './engine.js';

/** The registries of ECR that a build needs a login of. */
export interface Registries {
  /** Where the image goes; undefined: the credentials' own, in the endpoint's region. */
  image: EcrRegistry | undefined;
  /** Where the base image is; undefined: not in ECR. */
  base: EcrRegistry | undefined;
}

/**
 * Tries what a build and push need before anything is changed in AWS.
 * @throws UserError when there is no Docker, its engine does not answer, or a registry refuses the login
 */
export function checkDocker(context: Context, registries: Registries): Promise<void> {
  return withDocker(context, registries, async () => undefined);
}

/**
 * Builds an image for SageMaker's hosts and pushes it to ECR.
 * @throws UserError when there is no Docker, or one of its steps fails
 */
export function buildAndPush(context: Context, build: Build, registries: Registries): Promise<void> {
  return withDocker(context, registries, async (docker, engine, base) => {
    await context.log.group('Build the image', async () => {
      context.log.info(`Builder: ${engine.buildx === undefined ? "the engine's own" : 'buildx'}`);
      if (engine.buildx !== undefined && build.cacheTag === undefined) context.log.info(withoutCache(build.reference));
      const environment = engine.buildx === undefined ? { DOCKER_BUILDKIT: '0' } : {};
      await docker('build', buildArguments(onBase(build, base), engine), { environment, shown: true });
    });
    if (engine.buildx !== undefined) return;
    await context.log.group('Push the image', async () => {
      await docker('push', ['push', build.reference], { shown: true });
    });
  });
}

type Body = (docker: Docker, engine: Engine, base: RegistryLogin | undefined) => Promise<void>;

/** Runs `body` with a Docker that is logged in to the registries, for as long as it takes. */
async function withDocker(context: Context, registries: Registries, body: Body): Promise<void> {
  const [image, base] = await Promise.all([
    registryLogin(context, registries.image),
    registries.base && registryLogin(context, registries.base),
  ]);
  // The base image's may be the same registry, with the same password.
  const logins = [
    ...new Map([base, image].filter((login) => !!login).map((login) => [login.registry, login])).values(),
  ];
  const names = logins.map(({ registry }) => registry);
  await withDockerConfig(process.env, names, async (configFolder) => {
    const docker = dockerCommand(context, configFolder);
    const engine = await findEngine(docker, process.env);
    for (const { registry, username, password } of logins) {
      await docker('login', ['login', '--username', username, '--password-stdin', registry], { input: password });
    }
    await body(docker, engine, base);
  });
}

/** The build with its base image at the address that ECR gave for the base image's registry. */
function onBase(build: Build, base: RegistryLogin | undefined): Build {
  const given = build.buildArguments['BASE_IMAGE'];
  if (base === undefined || given === undefined) return build;
  const BASE_IMAGE = `${base.registry}${given.slice(given.indexOf('/'))}`;
  return { ...build, buildArguments: { ...build.buildArguments, BASE_IMAGE } };
}

const withoutCache = (reference: string): string =>
  `No build cache: the repository of ${reference} lets no tag move. To have one: aws ecr put-image-tag-mutability --repository-name NAME --image-tag-mutability IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters filterType=WILDCARD,filter='cache-*'`;
