import { isNamed, unlessAbsent } from '../../aws/error-name.js';
import { allPages } from '../../aws/pages.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { TAG } from '../desired.js';
import { CACHE_TAGS, TAG_LENGTH } from '../image-source.js';
import type { ModelNeeds } from './account-models.js';
import { deletion, type Removal } from './removal.js';
import type { Scope } from './scope.js';

export interface RepositoryImage {
  digest: string;
  tags: string[];
  /** Milliseconds since the epoch. */
  pushed: number;
}

/** The repository, when it is ours to clean. */
export interface OurRepository {
  name: string;
  /** Without tag and digest. */
  uri: string;
  images: RepositoryImage[];
}

/** BatchDeleteImage takes 100. */
const REMOVED_AT_ONCE = 100;

/** What must be left alone, and why. */
interface Untouchable {
  stays: string;
}

/** Undefined: there is none. */
export async function readRepository(context: Context, scope: Scope): Promise<OurRepository | Untouchable | undefined> {
  const { clients, signal } = context;
  const name = scope.repository;
  const staying = (why: string): Untouchable => ({ stays: `The ECR repository ${name} and its images stay: ${why}.` });
  if (scope.registryId !== scope.account) return staying(`it is in the account ${scope.registryId}`);
  const ecr = await clients.ecr();
  const options = { abortSignal: signal };
  const request = ecr.describeRepositories({ repositoryNames: [name] }, options);
  const found = (await unlessAbsent(request, 'RepositoryNotFoundException'))?.repositories?.[0];
  if (!found) return undefined;
  const [{ tags = [] }, policy] = await Promise.all([
    ecr.listTagsForResource({ resourceArn: found.repositoryArn }, options),
    unlessAbsent(ecr.getRepositoryPolicy({ repositoryName: name }, options), 'RepositoryPolicyNotFoundException'),
  ]);
  if (!tags.some(({ Key }) => Key === TAG)) return staying(`this action did not make it, it has no tag ${TAG}`);
  // What models of other accounts need cannot be seen from here.
  if (policy) return staying('it has a policy, by which others may use it');
  return { name, uri: found.repositoryUri ?? '', images: await readImages(context, name) };
}

async function readImages({ clients, signal }: Context, repositoryName: string): Promise<RepositoryImage[]> {
  const ecr = await clients.ecr();
  const images = await allPages(async (nextToken) => {
    const page = await ecr.describeImages({ repositoryName, nextToken }, { abortSignal: signal });
    return { items: page.imageDetails, next: page.nextToken };
  });
  return images.map(({ imageDigest = '', imageTags = [], imagePushedAt }) => ({
    digest: imageDigest,
    tags: imageTags,
    pushed: imagePushedAt?.getTime() ?? 0,
  }));
}

export const isOurs = (repository: OurRepository | Untouchable | undefined): repository is OurRepository =>
  repository !== undefined && 'images' in repository;

const OUR_TAG = new RegExp(`^[0-9a-f]{${TAG_LENGTH}}$`);

const isCache = ({ tags }: RepositoryImage): boolean => tags.some((tag) => tag.startsWith(CACHE_TAGS.replace('*', '')));

/** Whether a deploy has put it there; without a tag it is a cache that a newer one has taken the tag from. Pure. */
export const isMade = (image: RepositoryImage): boolean =>
  isCache(image) || image.tags.every((tag) => OUR_TAG.test(tag));

/** Whether a model names the image, by its digest or by one of its tags. Pure. */
export const needsImage = (
  { images }: ModelNeeds,
  { uri }: OurRepository,
  { digest, tags }: RepositoryImage,
): boolean =>
  images.some(
    (named) =>
      ((named.startsWith(`${uri}@`) || named.startsWith(`${uri}:`)) && named.endsWith(`@${digest}`)) ||
      tags.some((tag) => named === `${uri}:${tag}`) ||
      (named === uri && tags.includes('latest')),
  );

/** Whether a model names any image of the repository. Pure. */
export const needsRepository = ({ images }: ModelNeeds, { uri }: OurRepository): boolean =>
  images.some((named) => named === uri || named.startsWith(`${uri}@`) || named.startsWith(`${uri}:`));

/**
 * Images that a deploy made, that no model needs, and that were not pushed lately: another deploy may be about to make
 * a model of one that was. Pure.
 * @param needed by models that stay
 * @param before milliseconds since the epoch
 */
export const unneededImages = (repository: OurRepository, needed: readonly ModelNeeds[], before: number) =>
  repository.images.filter(
    (image) =>
      isMade(image) &&
      !isCache(image) &&
      image.pushed < before &&
      !needed.some((model) => needsImage(model, repository, image)),
  );

/**
 * What goes with an endpoint: the images of its models and, as soon as no model that stays names the repository, all
 * that deploys have put there. Pure.
 * @param needed by models that stay
 * @param leaving models that go
 */
export function imagesOf(
  repository: OurRepository,
  { needed, leaving, before }: { needed: readonly ModelNeeds[]; leaving: readonly ModelNeeds[]; before: number },
): RepositoryImage[] {
  const made = repository.images.filter(isMade);
  if (!needed.some((model) => needsRepository(model, repository))) return made;
  const unneeded = new Set(unneededImages(repository, needed, before));
  const names = (models: readonly ModelNeeds[], image: RepositoryImage) =>
    models.some((model) => needsImage(model, repository, image));
  return made.filter((image) => unneeded.has(image) || (names(leaving, image) && !names(needed, image)));
}

export function imageRemoval(context: Context, { name }: OurRepository, images: readonly RepositoryImage[]): Removal {
  return {
    changes: images.map(({ digest, tags }) => deletion('image', `${name}${tags[0] ? `:${tags[0]}` : `@${digest}`}`)),
    async remove() {
      let left = images.map(({ digest }) => digest);
      for (;;) {
        const listed = await removeImages(context, name, left);
        // What a manifest list names goes after the list; where the list stays, it stays, too.
        if (listed.length === 0 || listed.length === left.length) return;
        left = listed;
      }
    },
  };
}

/** Returns those that cannot go as long as a manifest list names them. */
async function removeImages(
  { clients, signal }: Context,
  repositoryName: string,
  digests: string[],
): Promise<string[]> {
  const ecr = await clients.ecr();
  const listed: string[] = [];
  for (let first = 0; first < digests.length; first += REMOVED_AT_ONCE) {
    const imageIds = digests.slice(first, first + REMOVED_AT_ONCE).map((imageDigest) => ({ imageDigest }));
    const request = ecr.batchDeleteImage({ repositoryName, imageIds }, { abortSignal: signal });
    const { failures = [] } = (await unlessAbsent(request, 'RepositoryNotFoundException')) ?? {};
    for (const { imageId, failureCode, failureReason } of failures) {
      if (failureCode === 'ImageNotFound') continue;
      if (failureCode !== 'ImageReferencedByManifestList') {
        throw new UserError(
          `ECR did not remove ${repositoryName}@${imageId?.imageDigest}: ${failureCode}: ${failureReason}`,
          'Run the step again, or remove the image by hand.',
        );
      }
      listed.push(imageId?.imageDigest ?? '');
    }
  }
  return listed;
}

export function repositoryRemoval(context: Context, { name }: OurRepository): Removal {
  return {
    changes: [deletion('ECR repository', name)],
    async remove() {
      const ecr = await context.clients.ecr();
      const request = ecr.deleteRepository({ repositoryName: name }, { abortSignal: context.signal });
      try {
        await unlessAbsent(request, 'RepositoryNotFoundException');
      } catch (error) {
        if (!isNamed(error, 'RepositoryNotEmptyException')) throw error;
        throw new UserError(
          `The ECR repository ${name} is not empty any more: an image was pushed to it meanwhile.`,
          'Run the step again: what is in use then stays.',
          { cause: error },
        );
      }
    },
  };
}
