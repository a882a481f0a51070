import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type EcrRegistry, ecrRegistry } from '../aws/ecr-registry.js';
import { UserError } from '../errors.js';
import type { DeploySettings } from '../settings/deploy.js';
import { hasGpu } from '../settings/instance-types.js';
import { contentHash } from './content-hash.js';
import { inferenceImage } from './inference-image.js';

/** Hex digits of the content hash that is the image's tag. */
export const TAG_LENGTH = 16;
export const PLATFORM = 'linux/amd64';
/** Wildcard of the tags that move: what is under them is worth time only. */
export const CACHE_TAGS = 'cache-*';
/** What `base-image` is for AWS's own image of the region. */
const DLC = 'dlc';

interface Common {
  /** Version of the container's texts, which a transcript's key carries (container/TRANSCRIBER). */
  transcriber: string;
  /** Name of the repository, without the registry. */
  repository: string;
  /** The account of the registry, when the URI says it. */
  registryId: string | undefined;
}

/** The image's build inputs, and the tag that their content makes. */
export interface BuiltImage extends Common {
  kind: 'build';
  tag: string;
  folder: string;
  /** Name of the Dockerfile in the folder. */
  dockerfile: string;
  buildArguments: { BASE_IMAGE: string; FLAVOUR: 'cuda' | 'cpu' };
  /** Where the base image is, when that is in ECR. */
  baseRegistry: EcrRegistry | undefined;
  /** Tag of the build's cache; one that `CACHE_TAGS` fits. */
  cacheTag: string;
}

/** An image that is in ECR already. */
export interface GivenImage extends Common {
  kind: 'given';
  /** As given, without tag and digest. */
  repositoryUri: string;
  tag: string | undefined;
  digest: string | undefined;
  labelLength: number;
}

export type ImageSource = BuiltImage | GivenImage;

/**
 * What the image is made of, or where it is.
 * @param folder the container's build context
 */
export async function imageSource(settings: DeploySettings, folder: string): Promise<ImageSource> {
  const transcriber = (await readFile(join(folder, 'TRANSCRIBER'), 'utf8')).trim();
  if (settings.imageUri !== undefined) return { transcriber, ...parseImageUri(settings.imageUri, settings.region) };
  const flavour = hasGpu(settings.instanceTypes[0]) ? 'cuda' : 'cpu';
  const [baseImage, dockerfile] =
    settings.baseImage === DLC
      ? [inferenceImage(settings.region, flavour), 'Dockerfile.dlc']
      : [settings.baseImage, 'Dockerfile'];
  const buildArguments = { BASE_IMAGE: baseImage, FLAVOUR: flavour } as const;
  const files = await buildInputs(folder, dockerfile);
  return {
    kind: 'build',
    transcriber,
    ...parseRepository(settings.ecrRepository, settings.region),
    tag: contentHash({ files, buildArguments, platform: PLATFORM }, TAG_LENGTH),
    folder,
    dockerfile,
    buildArguments,
    baseRegistry: ecrRegistry(baseImage),
    cacheTag: `cache-${settings.baseImage === DLC ? 'dlc-' : ''}${flavour}`,
  };
}

/**
 * @param given a repository's name, or its URI in this account's or another's registry
 * @throws UserError when it is in another region: SageMaker pulls from its own only
 */
export function parseRepository(given: string, region: string): Pick<Common, 'repository' | 'registryId'> {
  const registry = ecrRegistry(given);
  if (registry === undefined) return { repository: given, registryId: undefined };
  if (registry.region !== region) {
    throw new UserError(
      `The repository ${given} (input \`ecr-repository\`) is in ${registry.region}, the endpoint is to be in ${region}.`,
      'Name a repository in the region of the endpoint: SageMaker pulls images from its own region only.',
    );
  }
  return { repository: given.slice(given.indexOf('/') + 1), registryId: registry.account };
}

/** @throws UserError when the image is in the ECR of another region: SageMaker pulls from its own only */
export function parseImageUri(uri: string, region: string): Omit<GivenImage, 'transcriber'> {
  const match =
    /^(?<registry>[^/]+)\/(?<repository>[^@]+?)(?::(?<tag>[\w.-]+))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(uri);
  const { registry = '', repository = '', tag, digest } = match?.groups ?? {};
  const ecr = ecrRegistry(registry);
  if (ecr && ecr.region !== region) {
    throw new UserError(
      `The image ${uri} is in ${ecr.region}, the endpoint is to be in ${region}.`,
      'Copy the image to a repository in the region of the endpoint, and set `image-uri` to that.',
    );
  }
  return {
    kind: 'given',
    repositoryUri: `${registry}/${repository}`,
    repository,
    registryId: ecr?.account,
    tag: digest === undefined ? tag : undefined,
    digest,
    labelLength: TAG_LENGTH,
  };
}

interface BuildInput {
  path: string;
  /** Whether it can be executed: of the mode's bits the one that git keeps. The others depend on the umask. */
  executable: boolean;
  sha256: string;
}

/** The files of a build context that the image is made of: the Dockerfile, and what .dockerignore lets through. */
export async function buildInputs(folder: string, dockerfile: string): Promise<BuildInput[]> {
  const { glob } = await import('tinyglobby');
  const patterns = [dockerfile, ...(await allowed(folder))];
  const paths = await glob(patterns, { cwd: folder, dot: true, followSymbolicLinks: false });
  return Promise.all(
    paths.sort().map(async (path) => {
      const file = join(folder, path);
      const { mode } = await lstat(file);
      return { path, executable: (mode & 0o100) !== 0, sha256: await sha256OfFile(file) };
    }),
  );
}

/**
 * The globs of a .dockerignore that ignores everything (`*`) but what it names (`!glob`). The container's keeps to this
 * form, so that a file is part of the image and of its hash, or of neither.
 */
async function allowed(folder: string): Promise<string[]> {
  const file = join(folder, '.dockerignore');
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
  const [first, ...others] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const other = others.find((pattern) => !pattern.startsWith('!'));
  if (first !== '*' || other !== undefined) {
    throw new Error(`${file} must be "*", then lines that begin with "!"; found "${other ?? first ?? ''}"`);
  }
  return others.map((pattern) => pattern.slice(1));
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
