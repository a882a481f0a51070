import type { MetricAlarm, MetricDataQuery, PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { type Change, created, isChange, updated } from '../changes.js';
import { type Desired, isMadeFor, TAG } from '../desired.js';
import { differences } from '../difference.js';
import type { Known } from '../known.js';
import type { Resource } from '../resource.js';
import type { ScalingAlarm } from '../scaling.js';

/** By name. */
type FoundAlarms = ReadonlyMap<string, MetricAlarm>;

/** The alarms that call the step policies; target tracking has its own, which belong to AWS. */
export const alarms: Resource<FoundAlarms> = {
  async read(context, desired) {
    const cloudwatch = await context.clients.cloudwatch();
    const { MetricAlarms = [] } = await cloudwatch.describeAlarms(
      { AlarmNames: desired.scaling.alarms.map(({ AlarmName }) => AlarmName), AlarmTypes: ['MetricAlarm'] },
      { abortSignal: context.signal },
    );
    const found = new Map(MetricAlarms.map((alarm) => [alarm.AlarmName ?? '', alarm]));
    await requireOurs(context, desired, found);
    return found;
  },

  compare: ({ scaling, known }, found) =>
    scaling.alarms.map((alarm) => changeOf(alarm, known, found.get(alarm.AlarmName))),

  async apply({ clients, signal }, { scaling, known, tags }, found) {
    const cloudwatch = await clients.cloudwatch();
    for (const alarm of scaling.alarms) {
      if (!isChange(changeOf(alarm, known, found.get(alarm.AlarmName)))) continue;
      // Tags are taken on creation only, and ignored later.
      await cloudwatch.putMetricAlarm({ ...specOf(alarm, known), Tags: tags }, { abortSignal: signal });
    }
    return {};
  },
};

/** PutMetricAlarm overwrites whatever has the name: one that is about to be changed must be ours. */
async function requireOurs({ clients, signal }: Context, desired: Desired, found: FoundAlarms): Promise<void> {
  const cloudwatch = await clients.cloudwatch();
  for (const alarm of desired.scaling.alarms) {
    const there = found.get(alarm.AlarmName);
    if (!there || differences(ordered(settingsOf(alarm)), ordered(there)).length === 0) continue;
    const { Tags = [] } = await cloudwatch.listTagsForResource(
      { ResourceARN: there.AlarmArn ?? '' },
      { abortSignal: signal },
    );
    if (isMadeFor(desired.endpointName, Tags)) continue;
    throw new UserError(
      `There is an alarm ${alarm.AlarmName} that this action did not make: it has no tag ${TAG}=${desired.endpointName}.`,
      'Take another `endpoint-name`, or delete or tag the alarm.',
    );
  }
}

function changeOf(alarm: ScalingAlarm, known: Known, found: MetricAlarm | undefined): Change {
  if (!found) return created('alarm', alarm.AlarmName, false);
  return updated('alarm', alarm.AlarmName, differences(ordered(specOf(alarm, known)), ordered(found)));
}

/** The alarm with the ARN of its policy, which is new whenever the policy was deleted and made again. */
function specOf(alarm: ScalingAlarm, { policyArns = {} }: Known): PutMetricAlarmInput {
  return { ...settingsOf(alarm), AlarmActions: [policyArns[alarm.policyName] ?? '(known after its policy)'] };
}

const settingsOf = ({ policyName: _, ...settings }: ScalingAlarm): PutMetricAlarmInput => settings;

/** Metrics come back in any order. */
function ordered<T extends { Metrics?: MetricDataQuery[] | undefined }>(alarm: T): T {
  const byId = (a: MetricDataQuery, b: MetricDataQuery) => ((a.Id ?? '') < (b.Id ?? '') ? -1 : 1);
  return alarm.Metrics === undefined ? alarm : { ...alarm, Metrics: [...alarm.Metrics].sort(byId) };
}
