import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What of the user's Docker configuration the CLI still has to find: plugins such as buildx, its builders, contexts. */
const SHARED = ['cli-plugins', 'buildx', 'contexts'];

/** The fields of Docker's config.json that matter here; the others are passed on. */
interface DockerConfig {
  auths?: Record<string, unknown>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
  [other: string]: unknown;
}

/**
 * Runs `body` with a Docker configuration folder that only this user can read and that is gone afterwards, so that the
 * registry's password outlives nothing and never meets a credential store.
 * @param registries hosts (and ports) that `body` logs in to
 */
export async function withDockerConfig<T>(
  environment: NodeJS.ProcessEnv,
  registries: readonly string[],
  body: (folder: string) => Promise<T>,
): Promise<T> {
  const theirs = environment['DOCKER_CONFIG'] || join(environment['HOME'] || homedir(), '.docker');
  // mkdtemp makes it with mode 0700.
  const folder = await mkdtemp(join(environment['RUNNER_TEMP'] || tmpdir(), 'whisper-docker-'));
  try {
    // A link to nothing would stand in the way of what wants to make the folder.
    for (const name of SHARED.filter((name) => existsSync(join(theirs, name)))) {
      await symlink(join(theirs, name), join(folder, name));
    }
    const config = await readFile(join(theirs, 'config.json'), 'utf8').catch(() => '{}');
    await writeFile(join(folder, 'config.json'), JSON.stringify(withoutStore(JSON.parse(config), registries)), {
      mode: 0o600,
    });
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The configuration with its logins (a private base image needs them) but without a place that would keep ours: a
 * store for all registries becomes a helper for each registry it has a login of.
 */
export function withoutStore(config: DockerConfig, registries: readonly string[]): DockerConfig {
  const { credsStore, credHelpers = {}, auths = {}, ...others } = config;
  const helpers = { ...(credsStore === undefined ? {} : eachWith(Object.keys(auths), credsStore)), ...credHelpers };
  const notOurs = <V>(entries: Record<string, V>): Record<string, V> =>
    Object.fromEntries(Object.entries(entries).filter(([name]) => !registries.includes(name)));
  return { ...others, auths: notOurs(auths), credHelpers: notOurs(helpers) };
}

const eachWith = (names: string[], value: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, value]));
