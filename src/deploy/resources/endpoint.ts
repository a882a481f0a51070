import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { describeEndpoint } from '../../aws/sagemaker.js';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import type { DeploySettings } from '../../settings/deploy.js';
import { type Change, created, updated } from '../changes.js';
import { type Desired, isMadeFor, TAG, VERSION_TAG } from '../desired.js';
import { drain } from '../drain.js';
import { failed } from '../failure.js';
import type { Progress } from '../progress.js';
import type { Resource } from '../resource.js';
import { type Served, servedFields } from '../served-fields.js';
import { phaseOf } from '../states.js';
import { unhealthy, untilSteady } from '../wait.js';
import { type WorkPlace, workUnderWay } from '../work.js';
import { describeEndpointConfig } from './endpoint-config.js';
import { create, replace, stopScaling, update } from './endpoint-requests.js';
import { describeModel } from './model.js';

export interface FoundEndpoint {
  endpoint: DescribeEndpointOutput;
  /** Read only when something else is wanted. */
  serves?: Served | undefined;
  /** Work that would be lost by a change, for people; read only when something else is wanted. */
  work?: string | undefined;
}

type Settings = Pick<DeploySettings, 'replaceFailed' | 'drainMinutes' | 'whenBusy'>;

/**
 * The endpoint: created, updated, made again when it Failed and that is allowed, or left alone when it serves the wanted
 * configuration or is on its way there.
 */
export function endpointResource(
  settings: Settings,
  progress: Pick<Progress, 'deadline' | 'postpone'>,
): Resource<FoundEndpoint | undefined> {
  return {
    async read(context, desired) {
      const endpoint = await describeEndpoint(context, desired.endpointName);
      if (!endpoint || endpoint.EndpointStatus === 'Deleting') return undefined;
      if (phaseOf(endpoint.EndpointStatus) === 'failed') await requireOurs(context, desired, endpoint);
      await requireHealthy(context, settings, endpoint);
      if (isWanted(endpoint, desired)) return { endpoint };
      const [serves, work] = await Promise.all([
        whatItServes(context, endpoint),
        runs(endpoint) ? workUnderWay(context, workPlace(desired)) : undefined,
        requireOurs(context, desired, endpoint),
      ]);
      return { endpoint, serves, work };
    },

    compare: (desired, found) => [compare(settings, desired, found)],

    learn: (found) =>
      found
        ? {
            endpoint: found.endpoint,
            endpointArn: found.endpoint.EndpointArn ?? '',
            deploying: isDeploying(found.endpoint),
          }
        : {},

    async apply(context, desired, found) {
      await bring(context, desired, { settings, progress, found });
      return {};
    },
  };
}

function compare({ drainMinutes, whenBusy }: Settings, desired: Desired, found: FoundEndpoint | undefined): Change {
  if (!found) return created('endpoint', desired.endpointName, false);
  const { endpoint, serves, work } = found;
  if (phaseOf(endpoint.EndpointStatus) === 'failed') {
    const fields = [{ field: 'EndpointStatus', old: endpoint.EndpointStatus ?? '', new: 'InService' }];
    return { resource: 'endpoint', name: desired.endpointName, action: 'replace', fields };
  }
  const change = updated(
    'endpoint',
    desired.endpointName,
    isWanted(endpoint, desired) ? [] : servedFields(desired, endpoint, serves),
  );
  if (work === undefined) return change;
  const then =
    whenBusy === 'update' ? 'it is cut off' : `it is waited for, ${drainMinutes} minutes at most (drain-minutes)`;
  return { ...change, note: `Work is under way: ${work}; ${then}.` };
}

/** The configuration that the endpoint serves, or will when the deployment in progress succeeds. */
const configOf = (endpoint: DescribeEndpointOutput): string | undefined =>
  endpoint.PendingDeploymentSummary?.EndpointConfigName ?? endpoint.EndpointConfigName;

/** An endpoint that Failed serves nothing, whatever its configuration. */
const isWanted = (endpoint: DescribeEndpointOutput, { endpointConfig }: Desired): boolean =>
  phaseOf(endpoint.EndpointStatus) !== 'failed' && configOf(endpoint) === endpointConfig?.EndpointConfigName;

/** Whether a configuration is being deployed. An Updating that scaling caused has no summary and is no deployment. */
const isDeploying = ({ EndpointStatus, PendingDeploymentSummary }: DescribeEndpointOutput): boolean =>
  EndpointStatus === 'Creating' ||
  EndpointStatus === 'RollingBack' ||
  (EndpointStatus !== 'InService' && PendingDeploymentSummary !== undefined);

const runs = ({ ProductionVariants = [] }: DescribeEndpointOutput): boolean =>
  ProductionVariants.some(({ CurrentInstanceCount = 0 }) => CurrentInstanceCount > 0);

const workPlace = ({ endpointName, bucket, folder }: Desired): WorkPlace => ({
  endpointName,
  bucket: bucket.name,
  folder,
  goes: 'instances',
});

async function whatItServes(context: Context, { EndpointConfigName }: DescribeEndpointOutput): Promise<Served> {
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

async function requireOurs(context: Context, { endpointName }: Desired, { EndpointArn }: DescribeEndpointOutput) {
  const tags = await tagsOn(context, EndpointArn);
  if (isMadeFor(endpointName, tags)) return;
  throw new UserError(
    `There is an endpoint ${endpointName} that this action did not make: it has no tag ${TAG}=${endpointName}.`,
    'Take another `endpoint-name`, or add the tag to hand the endpoint over.',
  );
}

/** @throws UserError when the endpoint is in a status that only a person can end */
async function requireHealthy(context: Context, { replaceFailed }: Settings, endpoint: DescribeEndpointOutput) {
  const phase = phaseOf(endpoint.EndpointStatus);
  if (phase === 'broken' || (phase === 'failed' && !replaceFailed)) {
    throw await failed(context, unhealthy(endpoint.EndpointName ?? '', endpoint));
  }
}

interface Way {
  settings: Settings;
  progress: Pick<Progress, 'deadline' | 'postpone'>;
  /** As it was when the changes were found. */
  found: FoundEndpoint | undefined;
}

/** Milliseconds after which a refused request is made again: DescribeEndpoint can still tell what was before. */
const STALE_PAUSE = 3_000;
/** Milliseconds in which an endpoint that was just made may not be visible. */
const INVISIBLE = 120_000;

/**
 * Asks for what is wanted, once, whatever others do to the endpoint meanwhile: it looks again after each answer that says
 * that somebody else was faster. The wait that follows tells what came of it.
 */
async function bring(context: Context, desired: Desired, { settings, progress, found }: Way): Promise<void> {
  const { endpointName } = desired;
  let isOurs = found !== undefined;
  let replaced = false;
  let drained = 0;
  let refused: number | undefined;
  for (;;) {
    const endpoint = await untilSteady(context, { endpointName, deadline: progress.deadline() });
    if (!endpoint) {
      if (await create(context, desired)) return;
      refused ??= context.clock.now();
      if (context.clock.now() - refused > INVISIBLE) throw otherSpelling(endpointName);
    } else {
      if (!isOurs) await requireOurs(context, desired, endpoint);
      isOurs = true;
      await requireHealthy(context, { ...settings, replaceFailed: settings.replaceFailed && !replaced }, endpoint);
      if (isWanted(endpoint, desired)) return;
      if (phaseOf(endpoint.EndpointStatus) === 'failed') {
        await replace(context, endpoint, progress.deadline());
        replaced = true;
        // What comes in its place may be somebody else's.
        isOurs = false;
        continue;
      }
      const before = `the update of ${endpointName}`;
      const waited = await drain(context, { ...settings, ...workPlace(desired), before, waited: drained });
      drained += waited;
      progress.postpone(waited);
      const same = found?.endpoint.EndpointConfigName === endpoint.EndpointConfigName;
      const serves = (same ? found?.serves : undefined) ?? (await whatItServes(context, endpoint));
      if (changesInstanceType(desired, { endpoint, serves })) {
        // SageMaker refuses to change the instance type of a variant that scales.
        context.log.info('The instance type changes: scaling is taken off the endpoint and put back afterwards.');
        await stopScaling(context, endpointName);
      }
      if (await update(context, desired)) return;
    }
    if (context.clock.now() >= progress.deadline()) throw tooBusy(endpointName);
    await context.clock.sleep(STALE_PAUSE, context.signal);
  }
}

const changesInstanceType = (desired: Desired, { endpoint, serves }: FoundEndpoint): boolean =>
  servedFields(desired, endpoint, serves).some(({ field }) => /^Instance(?:Type|Pools)/.test(field));

const otherSpelling = (endpointName: string): UserError =>
  new UserError(
    `SageMaker says that there is an endpoint ${endpointName} already, and shows none of that name.`,
    'Two names that differ in upper and lower case only are one to it: write `endpoint-name` as the endpoint is called, or take another.',
  );

const tooBusy = (endpointName: string): UserError =>
  new UserError(
    `The endpoint ${endpointName} was changed by others again and again, so that no update of this step was accepted.`,
    'Find out who changes it (CloudTrail, UpdateEndpoint), and give the jobs that deploy it one `concurrency` group.',
  );
