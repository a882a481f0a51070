import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { unlessAbsent } from '../../aws/error-name.js';
import { retrying } from '../../aws/retry.js';
import { createdOrThere, described, isInProgress, isNotYetVisible } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { created, type FieldChange, updated } from '../changes.js';
import { type Desired, TAG, VERSION_TAG } from '../desired.js';
import { differences } from '../difference.js';
import { accepted } from '../refusal.js';
import type { Resource } from '../resource.js';
import { scalable } from '../scaling.js';
import { describeEndpoint, requireHealthy, untilGone, untilSteady, type Wait } from '../wait.js';
import { describeEndpointConfig } from './endpoint-config.js';
import { describeModel } from './model.js';

export interface FoundEndpoint {
  endpoint: DescribeEndpointOutput;
  /** What it serves now, in the fields of the wanted specs; read only when something else is wanted. */
  serves: { config: unknown; model: unknown; version: string | undefined } | undefined;
}

/**
 * The endpoint: created, updated, or left alone when it serves the wanted configuration or is on its way there.
 * @param deadlineOf milliseconds since the epoch until which another change of the endpoint may be waited for
 */
export function endpointResource(deadlineOf: () => number): Resource<FoundEndpoint | undefined> {
  return {
    async read(context, desired) {
      const endpoint = await describeEndpoint(context, desired.endpointName);
      if (!endpoint || endpoint.EndpointStatus === 'Deleting') return undefined;
      requireHealthy(desired.endpointName, endpoint);
      if (configOf(endpoint) === desired.endpointConfig?.EndpointConfigName) return { endpoint, serves: undefined };
      const [serves] = await Promise.all([whatItServes(context, endpoint), requireOurs(context, desired, endpoint)]);
      return { endpoint, serves };
    },

    compare(desired, found) {
      if (!found) return [created('endpoint', desired.endpointName, false)];
      const same = configOf(found.endpoint) === desired.endpointConfig?.EndpointConfigName;
      return [updated('endpoint', desired.endpointName, same ? [] : changedFields(desired, found))];
    },

    learn: (found) =>
      found ? { endpointArn: found.endpoint.EndpointArn ?? '', deploying: isDeploying(found.endpoint) } : {},

    async apply(context, desired, found) {
      const { endpointName } = desired;
      if (desired.endpointConfig === undefined) throw new Error('The endpoint was asked for before its configuration.');
      const request = { EndpointName: endpointName, EndpointConfigName: desired.endpointConfig.EndpointConfigName };
      const deadline = deadlineOf();
      const steady = await untilSteady(context, { endpointName, deadline });
      const sagemaker = await context.clients.sagemaker();
      const options = { abortSignal: context.signal };
      if (!steady) {
        // Another deploy may be making it: the wait tells whether it serves what is wanted here.
        const create = () => createdOrThere(sagemaker.createEndpoint({ ...request, Tags: desired.tags }, options));
        await accepted(`the endpoint ${endpointName}`, retrying(context, isNotYetVisible, create));
        return {};
      }
      if (found && changesInstanceType(desired, found)) await stopScaling(context, endpointName);
      const updated = update(context, { endpointName, deadline }, () =>
        // False: the new model must really start, whatever the count was; scaling takes it down again.
        retrying(context, isNotYetVisible, () =>
          sagemaker.updateEndpoint({ ...request, RetainAllVariantProperties: false }, options),
        ),
      );
      await accepted(`the update of ${endpointName}`, updated);
      return {};
    },
  };
}

/** Deletes the endpoint, in any status, and waits until it is gone; also one that is being deleted already. */
export async function removeEndpoint(context: Context, wait: Wait): Promise<void> {
  const sagemaker = await context.clients.sagemaker();
  if (!(await untilSteady(context, wait))) return;
  await update(context, wait, () =>
    described(sagemaker.deleteEndpoint({ EndpointName: wait.endpointName }, { abortSignal: context.signal })),
  );
  await untilGone(context, wait);
}

/** The configuration that the endpoint serves, or will when the deployment in progress succeeds. */
const configOf = (endpoint: DescribeEndpointOutput): string | undefined =>
  endpoint.PendingDeploymentSummary?.EndpointConfigName ?? endpoint.EndpointConfigName;

/** Whether a configuration is being deployed. An Updating that scaling caused has no summary and is no deployment. */
const isDeploying = ({ EndpointStatus, PendingDeploymentSummary }: DescribeEndpointOutput): boolean =>
  EndpointStatus === 'Creating' ||
  EndpointStatus === 'RollingBack' ||
  (EndpointStatus !== 'InService' && PendingDeploymentSummary !== undefined);

async function whatItServes(context: Context, { EndpointConfigName }: DescribeEndpointOutput) {
  const config = await describeEndpointConfig(context, EndpointConfigName ?? '');
  const modelName = config?.ProductionVariants?.[0]?.ModelName;
  const model = modelName === undefined ? undefined : await describeModel(context, modelName);
  const tags = await tagsOn(context, model?.ModelArn);
  return { config, model, version: tags.find(({ Key }) => Key === VERSION_TAG)?.Value };
}

async function tagsOn({ clients, signal }: Context, ResourceArn: string | undefined) {
  if (ResourceArn === undefined) return [];
  const sagemaker = await clients.sagemaker();
  return (await sagemaker.listTags({ ResourceArn }, { abortSignal: signal })).Tags ?? [];
}

/** @throws UserError unless this action made the endpoint */
export async function requireOurs(
  context: Context,
  { endpointName }: Pick<Desired, 'endpointName'>,
  { EndpointArn }: DescribeEndpointOutput,
): Promise<void> {
  const tags = await tagsOn(context, EndpointArn);
  if (tags.some(({ Key, Value }) => Key === TAG && Value === endpointName)) return;
  throw new UserError(
    `There is an endpoint ${endpointName} that this action did not make: it has no tag ${TAG}=${endpointName}.`,
    'Take another `endpoint-name`, or add the tag to hand the endpoint over.',
  );
}

function changedFields(desired: Desired, { endpoint, serves }: FoundEndpoint): FieldChange[] {
  const wanted = { ...desired.endpointConfig, ...desired.model };
  // The names differ because the content does; tags are no content, and Describe does not give them.
  const { Tags, ModelName, EndpointConfigName, ProductionVariants = [], ...fields } = wanted;
  const variants = ProductionVariants.map(({ ModelName: _, ...variant }) => variant);
  const found = { ...(serves?.config as object), ...(serves?.model as object) };
  const changed = differences({ ...fields, ...(variants.length > 0 && { ProductionVariants: variants }) }, found);
  const image = changed.some(({ field }) => field === 'PrimaryContainer.Image');
  return [
    ...(image && serves?.version !== desired.version
      ? [{ field: 'container', old: serves?.version ?? '', new: desired.version }]
      : []),
    {
      field: 'EndpointConfigName',
      old: endpoint.EndpointConfigName ?? '',
      new: EndpointConfigName ?? '(known after the build)',
    },
    ...changed.map((change) => ({ ...change, field: change.field.replace(/^ProductionVariants\[0\]\./, '') })),
  ];
}

const changesInstanceType = (desired: Desired, found: FoundEndpoint): boolean =>
  changedFields(desired, found).some(({ field }) => /^Instance(?:Type|Pools)/.test(field));

/** SageMaker refuses to change the instance type of a variant that scales. Its policies go too, and are put back later. */
async function stopScaling({ clients, log, signal }: Context, endpointName: string): Promise<void> {
  log.info('The instance type changes: scaling is taken off the endpoint and put back afterwards.');
  const autoscaling = await clients.autoscaling();
  const request = autoscaling.deregisterScalableTarget(scalable(endpointName), { abortSignal: signal });
  await unlessAbsent(request, 'ObjectNotFoundException');
}

/** Milliseconds. */
const STALE_PAUSE = 3_000;

/** Scaling can set the endpoint to Updating at any moment: then wait it out and ask again. */
async function update(context: Context, wait: Wait, ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!isInProgress(error) || context.clock.now() >= wait.deadline) throw error;
      // DescribeEndpoint can still say InService at this moment.
      await context.clock.sleep(STALE_PAUSE, context.signal);
      await untilSteady(context, wait);
    }
  }
}
