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
export function buildArguments(
  { folder, platform, buildArguments, reference }: Build,
  { buildx, bridge }: Engine,
): string[] {
  return [
    ...(buildx ? BUILDX : ['build']),
    `--platform=${platform}`,
    ...(bridge ? [] : ['--network=host']),
    ...Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    '--tag',
    reference,
    folder,
  ];
}
