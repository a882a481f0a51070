import { isNamed, unlessAbsent } from '../../aws/error-name.js';
import { allPages } from '../../aws/pages.js';
import { retrying } from '../../aws/retry.js';
import { scalable } from '../../aws/scaling.js';
import type { Context } from '../../context.js';
import { isMadeFor, TAG } from '../desired.js';
import { alarmNames } from '../scaling.js';
import { deletion, type Finding } from './removal.js';
import type { Scope } from './scope.js';

/** The alarms that call our policies. Those of target tracking belong to Application Auto Scaling, which removes them. */
export async function findAlarms({ clients, signal }: Context, { endpointName }: Scope): Promise<Finding> {
  const cloudwatch = await clients.cloudwatch();
  const options = { abortSignal: signal };
  const { MetricAlarms = [] } = await cloudwatch.describeAlarms(
    { AlarmNames: alarmNames(endpointName), AlarmTypes: ['MetricAlarm'] },
    options,
  );
  const names: string[] = [];
  const stays: string[] = [];
  for (const { AlarmName = '', AlarmArn } of MetricAlarms) {
    const request = cloudwatch.listTagsForResource({ ResourceARN: AlarmArn }, options);
    const tags = await unlessAbsent(request, 'ResourceNotFoundException', 'ResourceNotFound');
    if (isMadeFor(endpointName, tags?.Tags)) names.push(AlarmName);
    else stays.push(`The alarm ${AlarmName} stays: this action did not make it, it has no tag ${TAG}=${endpointName}.`);
  }
  if (names.length === 0) return { removals: [], stays };
  const remove = async () => {
    await unlessAbsent(cloudwatch.deleteAlarms({ AlarmNames: names }, options), 'ResourceNotFound');
  };
  return { removals: [{ changes: names.map((name) => deletion('alarm', name)), remove }], stays };
}

/** The scalable target, with which its policies go. */
export async function findScalableTarget(context: Context, { endpointName }: Scope): Promise<Finding> {
  const { clients, signal } = context;
  const autoscaling = await clients.autoscaling();
  const options = { abortSignal: signal };
  const { ResourceId, ...dimension } = scalable(endpointName);
  const { ScalableTargets = [] } = await autoscaling.describeScalableTargets(
    { ...dimension, ResourceIds: [ResourceId] },
    options,
  );
  if (ScalableTargets.length === 0) return { removals: [], stays: [] };
  const policies = await allPages(async (NextToken) => {
    const page = await autoscaling.describeScalingPolicies({ ...dimension, ResourceId, NextToken }, options);
    return { items: page.ScalingPolicies, next: page.NextToken };
  });
  const deregister = () =>
    unlessAbsent(autoscaling.deregisterScalableTarget(scalable(endpointName), options), 'ObjectNotFoundException');
  const changes = [
    ...policies.map(({ PolicyName = '' }) => deletion('scaling policy', PolicyName)),
    deletion('scalable target', endpointName),
  ];
  const remove = async () => {
    await retrying(context, (error) => isNamed(error, 'ConcurrentUpdateException'), deregister);
  };
  return { removals: [{ changes, remove }], stays: [] };
}
