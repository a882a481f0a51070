import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../errors.js';
import type { DeploySettings } from '../settings/deploy.js';
import { hasGpu } from '../settings/instance-types.js';
import { contentHash } from './content-hash.js';

/** Hex digits of the content hash that is the image's tag. */
const TAG_LENGTH = 16;
export const PLATFORM = 'linux/amd64';

interface Common {
  /** Version of the container's texts, which a transcript's key carries (container/TRANSCRIBER). */
  transcriber: string;
  /** Name of the repository, without the registry. */
  repository: string;
}

/** The image's build inputs, and the tag that their content makes. */
export interface BuiltImage extends Common {
  kind: 'build';
  tag: string;
  folder: string;
  buildArguments: Record<string, string>;
}

/** An image that is in ECR already. */
export interface GivenImage extends Common {
  kind: 'given';
  /** As given, without tag and digest. */
  repositoryUri: string;
  /** The account of the registry, when the URI says it. */
  registryId: string | undefined;
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
  const buildArguments = {
    BASE_IMAGE: settings.baseImage,
    FLAVOUR: hasGpu(settings.instanceTypes[0]) ? 'cuda' : 'cpu',
  };
  const tag = contentHash({ files: await buildInputs(folder), buildArguments, platform: PLATFORM }, TAG_LENGTH);
  return { kind: 'build', transcriber, repository: settings.ecrRepository, tag, folder, buildArguments };
}

/** @throws UserError when the image is in the ECR of another region: SageMaker pulls from its own only */
export function parseImageUri(uri: string, region: string): Omit<GivenImage, 'transcriber'> {
  const match =
    /^(?<registry>[^/]+)\/(?<repository>[^@]+?)(?::(?<tag>[\w.-]+))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(uri);
  const { registry = '', repository = '', tag, digest } = match?.groups ?? {};
  const ecr = /^(?<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(
    registry,
  )?.groups;
  if (ecr && ecr['region'] !== region) {
    throw new UserError(
      `The image ${uri} is in ${ecr['region']}, the endpoint is to be in ${region}.`,
      'Copy the image to a repository in the region of the endpoint, and set `image-uri` to that.',
    );
  }
  return {
    kind: 'given',
    repositoryUri: `${registry}/${repository}`,
    repository,
    registryId: ecr?.['account'],
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
export async function buildInputs(folder: string): Promise<BuildInput[]> {
  const { glob } = await import('tinyglobby');
  const patterns = ['Dockerfile', ...(await allowed(folder))];
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
