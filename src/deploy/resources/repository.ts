import type { ImageTagMutabilityExclusionFilter, Repository } from '@aws-sdk/client-ecr';
import { isNamed, unlessAbsent } from '../../aws/error-name.js';
import { created } from '../changes.js';
import { CACHE_TAGS } from '../image-source.js';
import type { Known } from '../known.js';
import type { Resource } from '../resource.js';
import { sharedRepository } from './elsewhere.js';

/** Undefined: there is no repository. */
type FoundRepository = Known | undefined;

/** The ECR repository of the images. One that is there is used as it is: its name is the user's choice. */
export const repository: Resource<FoundRepository> = {
  async read({ clients, signal }, desired) {
    const { image } = desired;
    if (image.kind === 'given') return { imageRepositoryUri: image.repositoryUri };
    const ecr = await clients.ecr();
    const request = ecr.describeRepositories(
      { registryId: image.registryId, repositoryNames: [image.repository] },
      { abortSignal: signal },
    );
    const found = await unlessAbsent(sharedRepository(request, desired), 'RepositoryNotFoundException');
    const [there] = found?.repositories ?? [];
    return there && learned(there);
  },

  compare: ({ image }, found) => [created('ECR repository', image.repository, found !== undefined)],

  learn: (found) => found ?? {},

  async apply(context, desired) {
    const ecr = await context.clients.ecr();
    try {
      const { repository: made } = await ecr.createRepository(
        {
          repositoryName: desired.image.repository,
          // A tag is its content's hash, and nothing may ever move it; but that of the build's cache has to move.
          imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
          imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: CACHE_TAGS }],
          imageScanningConfiguration: { scanOnPush: true },
          tags: desired.tags,
        },
        { abortSignal: context.signal },
      );
      return made === undefined ? {} : learned(made);
    } catch (error) {
      // Another deploy made it at the same time.
      if (!isNamed(error, 'RepositoryAlreadyExistsException')) throw error;
      return repository.learn?.(await repository.read(context, desired)) ?? {};
    }
  },
};

const learned = (found: Repository): Known => ({
  ...(found.repositoryUri !== undefined && { imageRepositoryUri: found.repositoryUri }),
  cacheTagsMove: cacheTagsMove(found),
});

/** Whether a tag that `CACHE_TAGS` fits can be pushed again with other content. */
export function cacheTagsMove({
  imageTagMutability = 'MUTABLE',
  imageTagMutabilityExclusionFilters = [],
}: Pick<Repository, 'imageTagMutability' | 'imageTagMutabilityExclusionFilters'>): boolean {
  const excluded = imageTagMutabilityExclusionFilters.some((filter) => fits(filter, CACHE_TAGS.replace('*', 'cuda')));
  return imageTagMutability.startsWith('IMMUTABLE') ? excluded : !excluded;
}

/** `*` stands for any characters, and a filter is of the whole tag (ECR API, ImageTagMutabilityExclusionFilter). */
function fits({ filter = '' }: Partial<ImageTagMutabilityExclusionFilter>, tag: string): boolean {
  const pieces = filter.split('*').map((piece) => piece.replace(/[.]/g, '\\.'));
  return new RegExp(`^${pieces.join('.*')}$`).test(tag);
}
