import { headBucket } from '../../aws/bucket.js';
import type { Context } from '../../context.js';
import { accountModels, type ModelNeeds, modelNeeds, needsPrefix } from './account-models.js';
import { configRemoval, LATELY, modelRemoval } from './artifacts.js';
import { findEndpoint } from './endpoint.js';
import { type Folder, lastWritten, readFolder, readWeights, removalOf, uriOf } from './folders.js';
import { imageRemoval, isOurs, type OurRepository, readRepository, unneededImages } from './images.js';
import { type Owned, type OwnedConfig, ownedConfigs, ownedModels } from './owned.js';
import type { Removal } from './removal.js';
import type { Scope } from './scope.js';

/**
 * What deploys of the endpoint have made and it does without, in the order in which it goes.
 * @param keep how many good configurations stay beside the one that serves
 * @throws UserError when the endpoint is not ours
 */
export async function findStale(context: Context, scope: Scope, keep: number): Promise<Removal[]> {
  const { endpointName } = scope;
  const before = context.clock.now() - LATELY;
  const [current, configs, models, stored, repository] = await Promise.all([
    currentConfigs(context, scope),
    ownedConfigs(context, endpointName),
    ownedModels(context, endpointName),
    readStored(context, scope),
    readRepository(context, scope),
  ]);
  const verified = new Set(stored.notes.objects.map(({ key }) => nameIn(key)));
  const stay = keptConfigs(configs, { current, verified, keep, before });
  const goingConfigs = configs.filter(({ name }) => !stay.has(name));
  const goingModels = unneededModels(models, configs, stay, before);
  const needed = models.filter((model) => !goingModels.includes(model)).map(({ name }) => name);
  const notes = {
    ...stored.notes,
    objects: stored.notes.objects.filter(
      ({ key, modified }) =>
        !stay.has(nameIn(key)) && (modified < before || goingConfigs.some(({ name }) => name === nameIn(key))),
    ),
  };
  return [
    ...goingConfigs.map((config) => configRemoval(context, config)),
    ...goingModels.map((model) => modelRemoval(context, model)),
    ...(notes.objects.length > 0 ? [removalOf(context, scope, 'objects', notes)] : []),
    ...(await findUnneeded(context, scope, {
      ...stored,
      repository: isOurs(repository) ? repository : undefined,
      needed,
      goingModels,
      before,
    })),
  ];
}

/** What the endpoint serves, and what an update is going to: SageMaker needs both to go back and to patch. */
async function currentConfigs(context: Context, scope: Scope): Promise<Set<string>> {
  const endpoint = await findEndpoint(context, scope);
  const names = [endpoint?.EndpointConfigName, endpoint?.PendingDeploymentSummary?.EndpointConfigName];
  return new Set(names.filter((name) => name !== undefined));
}

async function readStored(context: Context, scope: Scope): Promise<{ notes: Folder; weights: Folder[] }> {
  const { bucket, account } = scope;
  if (!(await headBucket(context, { bucket: bucket.name, account, input: 'bucket' }))) {
    return { notes: { prefix: '', objects: [], uploads: [] }, weights: [] };
  }
  const [notes, weights] = await Promise.all([readFolder(context, scope, 'verified'), readWeights(context, scope)]);
  return { notes, weights };
}

/** The configuration that a note of a verification is about: `…/verified/<name>.json`. */
const nameIn = (key: string): string => key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');

interface Choice {
  current: ReadonlySet<string>;
  /** Configurations whose clip came back. */
  verified: ReadonlySet<string>;
  keep: number;
  /** Milliseconds since the epoch: what is younger may belong to a deploy that is under way. */
  before: number;
}

/**
 * The configurations that stay: the current, the newest good ones, and those that are young and not verified yet. Where
 * none was ever verified (`verify: false`), all count as good. Pure.
 * @param configs the newest first
 */
export function keptConfigs(
  configs: readonly Owned[],
  { current, verified, keep, before }: Choice,
): ReadonlySet<string> {
  const others = configs.filter(({ name }) => !current.has(name));
  const anyVerified = configs.some(({ name }) => verified.has(name));
  const good = others.filter(({ name }) => !anyVerified || verified.has(name)).slice(0, keep);
  const young = others.filter(({ name, created }) => !verified.has(name) && created >= before);
  return new Set([...current, ...[...good, ...young].map(({ name }) => name)]);
}

/** Models of configurations that go, and models that no configuration was made of for long. Pure. */
export function unneededModels(
  models: readonly Owned[],
  configs: readonly OwnedConfig[],
  stay: ReadonlySet<string>,
  before: number,
): Owned[] {
  const [staying, going] = [true, false].map((stays) =>
    configs.filter(({ name }) => stay.has(name) === stays).flatMap((config) => config.models),
  );
  return models.filter(({ name, created }) => !staying?.includes(name) && (going?.includes(name) || created < before));
}

interface Unneeded {
  weights: Folder[];
  /** Undefined: there is none that is ours. */
  repository: OurRepository | undefined;
  /** Names of the endpoint's models that stay. */
  needed: string[];
  goingModels: readonly Owned[];
  before: number;
}

/** Weights and images that no model of the account needs. All models are read only when something may go. */
async function findUnneeded(context: Context, scope: Scope, found: Unneeded): Promise<Removal[]> {
  const { weights, repository, before } = found;
  const staleWeights = (needed: readonly ModelNeeds[]) =>
    weights.filter(
      (folder) => lastWritten(folder) < before && !needed.some((model) => needsPrefix(model, uriOf(scope, folder))),
    );
  const staleImages = (needed: readonly ModelNeeds[]) =>
    repository === undefined ? [] : unneededImages(repository, needed, before);
  // Asked for by name, too: a listing may lag behind what was just made.
  const own = await modelNeeds(context, found.needed);
  if (staleWeights(own).length + staleImages(own).length === 0) return [];
  const going = new Set(found.goingModels.map(({ name }) => name));
  const others = (await accountModels(context)).filter(({ name }) => !going.has(name));
  const needed = [...own, ...others];
  const images = staleImages(needed);
  return [
    ...staleWeights(needed).map((folder) => removalOf(context, scope, 'model weights', folder)),
    ...(repository && images.length > 0 ? [imageRemoval(context, repository, images)] : []),
  ];
}
