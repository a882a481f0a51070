/** What to build, and what it is called in its registry. */
export interface Build {
  folder: string;
  /** Name of the Dockerfile in the folder. */
  dockerfile: string;
  /** `linux/amd64` */
  platform: string;
  buildArguments: Readonly<Record<string, string>>;
  /** `registry/repository:tag` */
  reference: string;
  /** Tag of the same repository under which the build's cache is kept; undefined: it may not be moved. */
  cacheTag: string | undefined;
}

/** What Docker has to build with. */
export interface Engine {
  /**
   * How buildx keeps its cache in a registry: as a thing of its own, or within the image (`inline`), which is all that
   * the builder inside an engine without containerd's image store can do. Undefined: there is no buildx.
   */
  buildx: 'registry' | 'inline' | undefined;
  /** Whether containers of a build have to use the host's network, because they have none of their own. */
  hostNetwork: boolean;
}

const BUILDX = [
  'buildx',
  'build',
  '--output=type=image,push=true,oci-mediatypes=false',
  '--provenance=false',
  '--sbom=false',
  '--progress=plain',
];

/**
 * Arguments of `docker` that build the image; with buildx they push it too, so that no copy of it fills the disk.
 * SageMaker takes Docker's own manifests only (amazon-sagemaker-feedback#180): no OCI media types, which newer BuildKits
 * write unless told otherwise, and no attestations, which turn the image into an index.
 */
export function buildArguments(build: Build, { buildx, hostNetwork }: Engine): string[] {
  const { folder, dockerfile, platform, buildArguments, reference } = build;
  return [
    ...(buildx === undefined ? ['build'] : BUILDX),
    `--platform=${platform}`,
    ...(hostNetwork ? ['--network=host'] : []),
    ...Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    '--file',
    `${folder}/${dockerfile}`,
    '--tag',
    reference,
    ...cacheArguments(build, buildx),
    folder,
  ];
}

/**
 * Layers of an earlier build are taken from the registry, on a runner that has none of its own. A cache that is not
 * there is passed over, and so is one that cannot be written (`ignore-error`; inline: its tag is pushed after the
 * image's own). ECR takes a cache as an image with OCI media types (`image-manifest`, `oci-mediatypes`).
 */
function cacheArguments({ reference, cacheTag }: Build, buildx: Engine['buildx']): string[] {
  if (buildx === undefined || cacheTag === undefined) return [];
  const cache = `${reference.slice(0, reference.lastIndexOf(':'))}:${cacheTag}`;
  const from = `--cache-from=type=registry,ref=${cache}`;
  return buildx === 'inline'
    ? [from, '--cache-to=type=inline', '--tag', cache]
    : [
        from,
        `--cache-to=type=registry,ref=${cache},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true`,
      ];
}
