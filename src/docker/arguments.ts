/** What to build, and what it is called in its registry. */
export interface Build {
  folder: string;
  /** `linux/amd64` */
  platform: string;
  buildArguments: Readonly<Record<string, string>>;
  /** `registry/repository:tag` */
  reference: string;
}

export interface Engine {
  buildx: boolean;
  /** Whether containers of a build have a network of their own. */
  bridge: boolean;
}

/**
 * Arguments of `docker` that build the image; with buildx they push it too, so that no copy of it fills the disk.
 * Attestations are off: they turn the image into an index, and SageMaker is not known to accept one.
 */
export function buildArguments(
  { folder, platform, buildArguments, reference }: Build,
  { buildx, bridge }: Engine,
): string[] {
  return [
    ...(buildx ? ['buildx', 'build', '--push', '--provenance=false', '--sbom=false', '--progress=plain'] : ['build']),
    `--platform=${platform}`,
    ...(bridge ? [] : ['--network=host']),
    ...Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    '--tag',
    reference,
    folder,
  ];
}
