import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import type { Context } from '../context.js';
import { plural } from '../plural.js';
import { HOST_METRICS, idleAlarmName, PERIOD } from './endpoint-metrics.js';
import { describeEndpoint } from './sagemaker.js';

const MINUTE = PERIOD * 1000;
/** Milliseconds without data after which an alarm counts as blind; metrics come up to two minutes late. */
const BLIND = 10 * MINUTE;
const LATE = 2 * MINUTE;

/**
 * Warns when instances run that nothing will take away: their utilisation, which the idle alarm watches, was not
 * published for ten minutes, or there is no such alarm. An alarm that gets no data is OK, and tells nobody.
 * No request when no instance runs, else two; one more unless `endpoint` is what DescribeEndpoint has just answered.
 */
export async function warnOfBlindAlarm(
  context: Pick<Context, 'clients' | 'clock' | 'signal' | 'log'>,
  endpointName: string,
  endpoint?: DescribeEndpointOutput,
): Promise<void> {
  const found = endpoint ?? (await describeEndpoint(context, endpointName));
  if (!found || !hasRunLong(found, context.clock.now())) return;
  const unseen = await metricsWithoutData(context, endpointName);
  if (unseen === 'no alarm' || unseen.length > 0) context.log.warning(warningOf(endpointName, found, unseen));
}

/** Whether instances run, and have run for long enough to be seen by the alarm. Pure. */
export function hasRunLong(endpoint: DescribeEndpointOutput, now: number): boolean {
  const { EndpointStatus, LastModifiedTime, ProductionVariants = [] } = endpoint;
  const instances = ProductionVariants[0]?.CurrentInstanceCount ?? 0;
  // A change of the count is a modification, too.
  return EndpointStatus === 'InService' && instances > 0 && now - (LastModifiedTime?.getTime() ?? now) > BLIND + LATE;
}

/** The metrics of instances that the alarm watches, as it stands in AWS, and that had no data point lately. */
async function metricsWithoutData(
  { clients, clock, signal }: Pick<Context, 'clients' | 'clock' | 'signal'>,
  endpointName: string,
): Promise<MetricDataQuery[] | 'no alarm'> {
  const cloudwatch = await clients.cloudwatch();
  const options = { abortSignal: signal };
  const { MetricAlarms: [alarm] = [] } = await cloudwatch.describeAlarms(
    { AlarmNames: [idleAlarmName(endpointName)], AlarmTypes: ['MetricAlarm'] },
    options,
  );
  if (!alarm) return 'no alarm';
  // The queue's metrics may be missing: they count as zero then.
  const watched = (alarm.Metrics ?? []).filter(({ MetricStat }) => MetricStat?.Metric?.Namespace === HOST_METRICS);
  if (watched.length === 0) return [];
  const now = clock.now();
  const { MetricDataResults = [] } = await cloudwatch.getMetricData(
    {
      MetricDataQueries: watched.map((query) => ({ ...query, ReturnData: true })),
      StartTime: new Date(Math.floor((now - BLIND - LATE) / MINUTE) * MINUTE),
      EndTime: new Date(now),
    },
    options,
  );
  const seen = new Set(MetricDataResults.filter(({ Values = [] }) => Values.length > 0).map(({ Id }) => Id));
  return watched.filter(({ Id }) => !seen.has(Id));
}

function warningOf(endpointName: string, endpoint: DescribeEndpointOutput, unseen: MetricDataQuery[] | 'no alarm') {
  const instances = endpoint.ProductionVariants?.[0]?.CurrentInstanceCount ?? 0;
  const what = `${plural(instances, 'instance')} of ${endpointName}`;
  const alarm = idleAlarmName(endpointName);
  if (unseen === 'no alarm') {
    return `Nothing takes ${what} away, and they cost money until something does: there is no alarm ${alarm}. Run this action with mode: deploy.`;
  }
  const metrics = unseen.map(({ MetricStat }) => {
    const { MetricName, Dimensions = [] } = MetricStat?.Metric ?? {};
    return `${MetricName} {${Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).join(', ')}}`;
  });
  return `Nothing takes ${what} away when idle, and they cost money until something does: the alarm ${alarm} has had no data for ten minutes of ${metrics.join(' and ')}. Run this action with mode: deploy, which puts the alarm right. If the warning stays, SageMaker publishes no utilisation: give the endpoint's execution role the right cloudwatch:PutMetricData.`;
}
