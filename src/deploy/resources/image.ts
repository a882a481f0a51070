import { unlessAbsent } from '../../aws/error-name.js';
import type { Context } from '../../context.js';
import type { Registries } from '../../docker/build-and-push.js';
import { UserError } from '../../errors.js';
import { created } from '../changes.js';
import type { Desired } from '../desired.js';
import { type BuiltImage, PLATFORM } from '../image-source.js';
import type { Resource } from '../resource.js';
import { sharedRepository } from './elsewhere.js';

/** Digest of the image; undefined: it is not there. */
type FoundImage = string | undefined;

/** The container's image: built and pushed only when ECR has none with the content hash of its inputs as tag. */
export const image: Resource<FoundImage> = {
  async read(context, desired) {
    const { image } = desired;
    const digest = (image.kind === 'given' ? image.digest : undefined) ?? (await digestOf(context, desired));
    if (digest !== undefined || image.kind === 'build') return digest;
    throw new UserError(
      `ECR has no image ${image.repositoryUri}:${image.tag} (input \`image-uri\`).`,
      'Check the name and the tag, and that the image is in the region of the endpoint.',
    );
  },

  compare: ({ image, known }, found) => [
    image.kind === 'build'
      ? created('image', `${image.repository}:${image.tag}`, found !== undefined)
      : created('image', `${image.repository}@${found ?? known.imageDigest}`, true),
  ],

  learn: (found) => (found === undefined ? {} : { imageDigest: found }),

  async prepare(context, { image }) {
    if (image.kind !== 'build') return;
    const { checkDocker } = await import('../../docker/build-and-push.js');
    await checkDocker(context, registriesOf(context, image));
  },

  async apply(context, desired) {
    const { image: source, known } = desired;
    if (source.kind !== 'build' || known.imageRepositoryUri === undefined) return {};
    const { buildAndPush } = await import('../../docker/build-and-push.js');
    const build = {
      folder: source.folder,
      dockerfile: source.dockerfile,
      platform: PLATFORM,
      buildArguments: source.buildArguments,
      reference: `${known.imageRepositoryUri}:${source.tag}`,
      cacheTag: known.cacheTagsMove ? source.cacheTag : undefined,
    };
    const failure = await buildAndPush(context, build, registriesOf(context, source)).catch((error: unknown) => ({
      error,
    }));
    context.signal.throwIfAborted();
    // A tag cannot be pushed twice. Where another deploy was first, its image was made of the same and is as good.
    const digest = await image.read(context, desired);
    if (digest === undefined && failure) throw failure.error;
    if (failure) context.log.info(`The image is in ECR all the same; what failed: ${(failure.error as Error).message}`);
    if (digest === undefined) {
      throw new UserError(
        `The image was pushed, but ECR does not have ${source.repository}:${source.tag}.`,
        'Run the step again. A lifecycle policy of the repository must not remove images in use.',
      );
    }
    return { imageDigest: digest };
  },
};

const registriesOf = ({ clients }: Context, { registryId, baseRegistry }: BuiltImage): Registries => ({
  image: registryId === undefined ? undefined : { account: registryId, region: clients.region },
  base: baseRegistry,
});

async function digestOf({ clients, signal }: Context, desired: Desired): Promise<FoundImage> {
  const { repository, registryId, tag } = desired.image;
  const ecr = await clients.ecr();
  const request = ecr.describeImages(
    { repositoryName: repository, registryId, imageIds: [{ imageTag: tag }] },
    { abortSignal: signal },
  );
  const absent = ['ImageNotFoundException', 'RepositoryNotFoundException'];
  const found = await unlessAbsent(sharedRepository(request, desired), ...absent);
  const [details] = found?.imageDetails ?? [];
  if (details?.imageManifestMediaType?.startsWith('application/vnd.oci.')) {
    throw new UserError(
      `The image ${repository}:${tag} has the manifest type ${details.imageManifestMediaType}, which SageMaker refuses.`,
      "Delete that tag from the repository, and build with `docker buildx build --provenance=false --output type=image,push=true,oci-mediatypes=false`, or with Docker's containerd image store switched off.",
    );
  }
  return details?.imageDigest;
}
