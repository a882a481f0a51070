import { headBucket } from '../../aws/bucket.js';
import { described } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { accountModels, type ModelNeeds, needsPrefix } from './account-models.js';
import { findBucket } from './bucket.js';
import { isEmpty, readFolder, readWeights, removalOf, uriOf } from './folders.js';
import { imageRemoval, imagesOf, isOurs, readRepository, repositoryRemoval } from './images.js';
import { type Owned, type OwnedConfig, ownedConfigs, ownedModels } from './owned.js';
import { deletion, type Finding, type Removal, together } from './removal.js';
import type { Scope } from './scope.js';

/** What deploys, transcriptions and SageMaker put into the folder of an endpoint, weights and `delete-data` apart. */
const FOLDERS = ['input', 'output', 'failure', 'jobs', 'episodes', 'verified'];
/** What goes with `delete-data` only, and what it is. */
const DATA = [
  ['results', 'transcripts'],
  ['transcripts', 'published files'],
  ['published', 'notes of what was written into repositories'],
] as const;

/** Milliseconds. What is younger may belong to a deploy that is under way. */
export const LATELY = 24 * 60 * 60_000;

/**
 * All that was made for an endpoint besides itself and its scaling, in the order in which it goes.
 * @param deleteData whether the finished transcripts go, too
 * @throws UserError when the inputs do not name the place where the endpoint keeps its things
 */
export async function findArtifacts(context: Context, scope: Scope, deleteData: boolean): Promise<Finding> {
  const { endpointName } = scope;
  const [configs, models, account] = await Promise.all([
    ownedConfigs(context, endpointName),
    ownedModels(context, endpointName),
    accountModels(context),
  ]);
  for (const config of configs) requirePlace(scope, config);
  const names = new Set(models.map(({ name }) => name));
  const leaving = account.filter(({ name }) => names.has(name));
  const needed = account.filter(({ name }) => !names.has(name));
  const [images, contents] = await Promise.all([
    findImages(context, scope, leaving, needed),
    findContents(context, scope, needed, deleteData),
  ]);
  return together([
    { removals: configs.map((config) => configRemoval(context, config)), stays: [] },
    // Before the models: a run that ends in between still knows whose images they are.
    images,
    { removals: models.map((model) => modelRemoval(context, model)), stays: [] },
    contents,
  ]);
}

/** A destroy that looks in another place than the deploy did would leave everything there, and say that it is done. */
function requirePlace({ bucket, folder }: Scope, { name, outputPath }: OwnedConfig): void {
  const wanted = `s3://${bucket.name}/${folder}`;
  if (outputPath === '' || outputPath.startsWith(`${wanted}output`)) return;
  throw new UserError(
    `The configuration ${name} keeps its data in ${outputPath.replace(/output\/?$/, '')}, and the inputs of this step say ${wanted}.`,
    'Give the inputs `bucket` and `prefix` that the deploy was given. Nothing was removed.',
  );
}

export function configRemoval({ clients, signal }: Context, { name }: Owned): Removal {
  return {
    changes: [deletion('endpoint configuration', name)],
    async remove() {
      const sagemaker = await clients.sagemaker();
      await described(sagemaker.deleteEndpointConfig({ EndpointConfigName: name }, { abortSignal: signal }));
    },
  };
}

export function modelRemoval({ clients, signal }: Context, { name }: Owned): Removal {
  return {
    changes: [deletion('model', name)],
    async remove() {
      const sagemaker = await clients.sagemaker();
      await described(sagemaker.deleteModel({ ModelName: name }, { abortSignal: signal }));
    },
  };
}

async function findImages(
  context: Context,
  scope: Scope,
  leaving: readonly ModelNeeds[],
  needed: readonly ModelNeeds[],
): Promise<Finding> {
  const elsewhere = leaving.flatMap(({ images }) => images).filter((uri) => !inRepository(uri, scope.repository));
  const given = [...new Set(elsewhere)].map((uri) => `The image ${uri} stays: it is not in ${scope.repository}.`);
  const repository = await readRepository(context, scope);
  if (repository === undefined) return { removals: [], stays: given };
  if (!isOurs(repository)) return { removals: [], stays: [...given, repository.stays] };
  const images = imagesOf(repository, { needed, leaving, before: context.clock.now() - LATELY });
  const removals = images.length > 0 ? [imageRemoval(context, repository, images)] : [];
  if (images.length === repository.images.length) {
    return { removals: [...removals, repositoryRemoval(context, repository)], stays: given };
  }
  return { removals, stays: [...given, `The ECR repository ${repository.name} stays: it holds other images.`] };
}

const inRepository = (uri: string, repository: string): boolean => /^[^/]+\/([^@:]+)/.exec(uri)?.[1] === repository;

async function findContents(
  context: Context,
  scope: Scope,
  needed: readonly ModelNeeds[],
  deleteData: boolean,
): Promise<Finding> {
  const { bucket, account } = scope;
  if (!(await headBucket(context, { bucket: bucket.name, account, input: 'bucket' })))
    return { removals: [], stays: [] };
  const read = (name: string) => readFolder(context, scope, name);
  const [weights, others, data] = await Promise.all([
    readWeights(context, scope),
    Promise.all(FOLDERS.map(read)),
    Promise.all(DATA.map(async ([name, what]) => ({ what, folder: await read(name) }))),
  ]);
  const inUse = weights.filter((folder) => needed.some((model) => needsPrefix(model, uriOf(scope, folder))));
  const goingWeights = weights.filter((folder) => !inUse.includes(folder));
  const kept = deleteData ? [] : data.filter(({ folder }) => !isEmpty(folder));
  const goingData = deleteData ? data.map(({ folder }) => folder) : [];
  const goingOthers = [...others, ...goingData].filter((folder) => !isEmpty(folder));
  const going = new Set([...goingWeights, ...goingOthers].flatMap(({ objects }) => objects.map(({ key }) => key)));
  return together([
    {
      removals: [
        ...goingWeights.map((folder) => removalOf(context, scope, 'model weights', folder)),
        ...goingOthers.map((folder) => removalOf(context, scope, 'objects', folder)),
      ],
      stays: [
        ...inUse.map((folder) => `The weights ${uriOf(scope, folder)} stay: another model of the account uses them.`),
        ...kept.map(
          ({ what, folder }) =>
            `The ${folder.objects.length} ${what} in ${uriOf(scope, folder)} stay: delete-data is false.`,
        ),
      ],
    },
    await findBucket(context, scope, going),
  ]);
}
