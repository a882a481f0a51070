import { isNamed, unlessAbsent } from '../../aws/error-name.js';
import { created } from '../changes.js';
import type { Resource } from '../resource.js';

/** URI of the repository, without tag; undefined: there is none. */
type FoundRepository = string | undefined;

/** The ECR repository of the images. One that is there is used as it is: its name is the user's choice. */
export const repository: Resource<FoundRepository> = {
  async read({ clients, signal }, { image }) {
    if (image.kind === 'given') return image.repositoryUri;
    const ecr = await clients.ecr();
    const request = ecr.describeRepositories({ repositoryNames: [image.repository] }, { abortSignal: signal });
    return (await unlessAbsent(request, 'RepositoryNotFoundException'))?.repositories?.[0]?.repositoryUri;
  },

  compare: ({ image }, found) => [created('ECR repository', image.repository, found !== undefined)],

  learn: (found) => (found === undefined ? {} : { imageRepositoryUri: found }),

  async apply(context, desired) {
    const ecr = await context.clients.ecr();
    try {
      const { repository: made } = await ecr.createRepository(
        {
          repositoryName: desired.image.repository,
          // A tag is its content's hash: nothing may ever move it.
          imageTagMutability: 'IMMUTABLE',
          imageScanningConfiguration: { scanOnPush: true },
          tags: desired.tags,
        },
        { abortSignal: context.signal },
      );
      return made?.repositoryUri === undefined ? {} : { imageRepositoryUri: made.repositoryUri };
    } catch (error) {
      // Another deploy made it at the same time.
      if (!isNamed(error, 'RepositoryAlreadyExistsException')) throw error;
      return repository.learn?.(await repository.read(context, desired)) ?? {};
    }
  },
};
