import { quotaUrl } from '../aws/console.js';
import { explain } from '../aws/errors.js';
import { endpointQuotaName, endpointQuotas, type InstanceQuota } from '../aws/quotas.js';
import { describeEndpoint } from '../aws/sagemaker.js';
import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import type { DeploySettings } from '../settings/deploy.js';
import { type Change, isChange } from './changes.js';
import { servedTypes } from './resources/endpoint-config.js';

/** What a plan asks of the account's instances. */
export interface Demand {
  /** In the order of preference; `running`: instances of the endpoint that an update leaves alone until it is done. */
  types: readonly { type: string; running: number }[];
  /** Whether an instance is started: one, beside those that run. */
  starts: boolean;
  maxInstances: number;
}

type Settings = Pick<DeploySettings, 'endpointName' | 'region' | 'instanceTypes' | 'maxInstances'>;

/**
 * Checks the quota of instances before anything is changed, when a plan starts instances or allows for more of them: a
 * quota of 0, as new accounts have it, shows itself only after the build and the upload otherwise. No request for a plan
 * that does neither. Whoever may not read quotas is told so, and goes on.
 * @throws UserError when no instance of any of the types may be started
 */
export async function checkQuota(context: Context, settings: Settings, changes: readonly Change[]): Promise<void> {
  const { endpointName, instanceTypes, maxInstances } = settings;
  const endpoint = changes.find((change) => change.resource === 'endpoint' && isChange(change));
  const starts = endpoint !== undefined;
  if (!starts && !raisesMaximum(changes)) return;
  const [quotas, running] = await Promise.all([
    quotasOf(context, instanceTypes),
    // What is created or replaced has none beside it.
    endpoint?.action === 'update' ? runningInstances(context, endpointName) : new Map<string, number>(),
  ]);
  if (quotas === undefined) return;
  const types = instanceTypes.map((type) => ({ type, running: running.get(type) ?? 0 }));
  const { problem, warnings } = judgeQuotas({ types, starts, maxInstances }, quotas, settings.region);
  for (const warning of warnings) context.log.warning(warning);
  if (problem) throw problem;
}

const raisesMaximum = (changes: readonly Change[]): boolean =>
  changes.some(({ resource, fields }) =>
    fields.some(
      (change) =>
        resource === 'scalable target' && change.field === 'MaxCapacity' && Number(change.new) > Number(change.old),
    ),
  );

/** Undefined: they cannot be read, which the log says. */
async function quotasOf(context: Context, instanceTypes: readonly string[]) {
  try {
    return await endpointQuotas(context, instanceTypes);
  } catch (error) {
    context.signal.throwIfAborted();
    const known = explain(error);
    const why = known ? `${known.message} ${known.remedy}` : (error as Error).message;
    context.log.notice(`The quota of instances was not checked, and a deploy goes on without that: ${why}`);
    return undefined;
  }
}

/** Instances by type. Of several types that one configuration names, DescribeEndpoint tells how many run of each. */
async function runningInstances(context: Context, endpointName: string): Promise<ReadonlyMap<string, number>> {
  const endpoint = await describeEndpoint(context, endpointName);
  const [variant] = endpoint?.ProductionVariants ?? [];
  if (!variant) return new Map();
  if (variant.InstancePools?.length) {
    return new Map(
      variant.InstancePools.map(({ InstanceType = '', CurrentInstanceCount = 0 }) => [
        InstanceType,
        CurrentInstanceCount,
      ]),
    );
  }
  const [type = ''] = (await servedTypes(context, endpoint?.EndpointConfigName ?? '')) ?? [];
  return new Map([[type, variant.CurrentInstanceCount ?? 0]]);
}

/**
 * Pure. A type without a quota that AWS knows is taken to have room. Only a quota of 0 is sure to stop a deploy: whether
 * an update counts the old and the new instances together is not documented, so that is a warning, and SageMaker's to
 * refuse.
 */
export function judgeQuotas(
  { types, starts, maxInstances }: Demand,
  quotas: ReadonlyMap<string, InstanceQuota>,
  region: string,
): { problem?: UserError; warnings: string[] } {
  const known = types.map(({ type, running }) => ({ type, running, quota: quotas.get(type) }));
  const none = known.filter(({ quota }) => quota !== undefined && quota.value < 1);
  if (starts && none.length === types.length) return { problem: noRoom(none, region), warnings: [] };
  const full = known.filter(({ running, quota }) => quota !== undefined && quota.value < running + 1);
  const others = full.length < types.length;
  const warnings = full.map(({ type, running, quota }) => {
    const beside = running > 0 ? ` beside the ${running} that run` : '';
    const then = others
      ? 'none of that type can be started, and SageMaker takes another of the list'
      : 'SageMaker may refuse the update, which runs the old and the new instances side by side; when the endpoint is idle and none runs, there is room';
    return `${sentence(type, quota)}, with no room for one more${beside}: ${then}. ${howToAsk(quota, running + 1, region)}`;
  });
  const total = known.reduce((sum, { quota }) => sum + (quota?.value ?? Number.POSITIVE_INFINITY), 0);
  const [first] = known;
  if (total < maxInstances && first) {
    warnings.push(
      `${known.map(({ type, quota }) => sentence(type, quota)).join('. ')}: scaling cannot reach max-instances (${maxInstances}). ${howToAsk(first.quota, maxInstances, region)}`,
    );
  }
  return { warnings };
}

function noRoom(none: readonly { type: string; quota: InstanceQuota | undefined }[], region: string): UserError {
  return new UserError(
    `${none.map(({ type, quota }) => `${sentence(type, quota)}, and this deploy needs 1`).join('. ')}. Nothing was changed.`,
    `${howToAsk(none[0]?.quota, 1, region)} Or take another \`instance-type\`. Other endpoints of the account use the same quota.`,
  );
}

const sentence = (type: string, quota: InstanceQuota | undefined): string =>
  `The quota "${endpointQuotaName(type)}" is ${quota?.value ?? 'not known'}`;

function howToAsk(quota: InstanceQuota | undefined, value: number, region: string): string {
  if (quota === undefined) return '';
  const url = quotaUrl(region, quota.code);
  return `Ask for more ${url === undefined ? '' : `at ${url}, or `}with \`aws service-quotas request-service-quota-increase --region ${region} --service-code sagemaker --quota-code ${quota.code} --desired-value ${value}\`.`;
}
