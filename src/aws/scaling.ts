import type { ScalingActivity } from '@aws-sdk/client-application-auto-scaling';
import type { Context } from '../context.js';
import { VARIANT } from './endpoint-metrics.js';

/** What Application Auto Scaling knows the endpoint's instances by. */
export const scalable = (endpointName: string) =>
  ({
    ServiceNamespace: 'sagemaker',
    ResourceId: `endpoint/${endpointName}/variant/${VARIANT}`,
    ScalableDimension: 'sagemaker:variant:DesiredInstanceCount',
  }) as const;

/** How many are read: those of the last minutes are enough. */
const NEWEST = 10;

/** The last scaling activities, newest first, with those that changed nothing. One request. */
export async function readActivities(
  { clients, signal }: Pick<Context, 'clients' | 'signal'>,
  endpointName: string,
): Promise<ScalingActivity[]> {
  const autoscaling = await clients.autoscaling();
  const { ScalingActivities = [] } = await autoscaling.describeScalingActivities(
    { ...scalable(endpointName), IncludeNotScaledActivities: true, MaxResults: NEWEST },
    { abortSignal: signal },
  );
  return ScalingActivities.sort((a, b) => begin(b) - begin(a));
}

const begin = ({ StartTime }: ScalingActivity): number => StartTime?.getTime() ?? 0;

/** Why no instance runs although requests wait. */
export interface Standstill {
  /** `waking`: all is as it should be. `slow`: for too long. The others: AWS tried, and this is in the way. */
  kind: 'waking' | 'starting' | 'slow' | 'quota' | 'capacity' | 'most' | 'refused';
  /** For a person, and what to do. */
  text: string;
}

/** Milliseconds: activities from before the requests that are older say nothing of now. */
const RECENT = 15 * 60_000;
/** Milliseconds after which an instance should have been asked for. */
const SLOW = 10 * 60_000;

/**
 * Pure.
 * @param seen instances that there shall be; since when requests wait without one, and the time, both in milliseconds
 * since the epoch
 */
export function standstillOf(
  activities: readonly ScalingActivity[],
  seen: { endpointName: string; desired: number; since: number; now: number },
): Standstill {
  const { endpointName, desired, since, now } = seen;
  const last = activities.find((activity) => isOutwards(activity) && lastSeen(activity) >= since - RECENT);
  const problem = last && problemOf(last, desired);
  if (problem) return problem;
  const running = last?.StatusCode === 'InProgress' || last?.StatusCode === 'Pending';
  if (desired > 0 || running) return { kind: 'starting', text: 'An instance is starting: 3 to 10 minutes is usual.' };
  if (now - since > SLOW) {
    return {
      kind: 'slow',
      text: `No instance was asked for in ${Math.round((now - since) / 60_000)} minutes. mode: plan shows whether the alarm ${endpointName}-wake and its scaling policy are as they should be.`,
    };
  }
  return {
    kind: 'waking',
    text: 'No instance runs yet: one usually starts 2 to 3 minutes after the first request and is ready 3 to 10 minutes later.',
  };
}

/** Not one that took instances away: its description says `Setting desired instance count to 0.` */
const isOutwards = ({ Description = '' }: ScalingActivity): boolean => !/\bto 0\b/.test(Description);

/** An alarm that goes on calling in vain is one activity that goes on. */
const lastSeen = ({ StartTime, EndTime }: ScalingActivity): number => (EndTime ?? StartTime)?.getTime() ?? 0;

/** What stands in the way, by AWS's words (texts: SageMaker's ResourceLimitExceeded and InsufficientInstanceCapacity). */
function problemOf(
  { StatusCode, StatusMessage = '', NotScaledReasons = [] }: ScalingActivity,
  desired: number,
): Standstill | undefined {
  const most = NotScaledReasons.find(({ Code }) => Code === 'AlreadyAtMaxCapacity');
  // While instances start, another policy may want more of them than there may be.
  if (most && desired === 0) {
    return {
      kind: 'most',
      text: `The endpoint may have ${most.MaxCapacity} instances at most, so none starts. Deploy it again with max-instances.`,
    };
  }
  if (StatusCode !== 'Failed' && StatusCode !== 'Unfulfilled') return undefined;
  if (NotScaledReasons.length > 0) return undefined;
  const said = StatusMessage.trim().replace(/\.?$/, '.');
  if (/insufficientinstancecapacity|capacity error|insufficient capacity|unable to provision/i.test(said)) {
    return {
      kind: 'capacity',
      text: `AWS has no instance of this type to give now: ${said} It is asked again as long as requests wait, and they wait six hours. More types in instance-type of deploy help: it takes the first that there is.`,
    };
  }
  if (/resourcelimitexceeded|service limit|quota/i.test(said)) {
    return {
      kind: 'quota',
      text: `A quota of the account is in the way of an instance: ${said} Open Service Quotas, Amazon SageMaker, "<instance type> for endpoint usage", and request an increase. The files stay queued for six hours.`,
    };
  }
  return { kind: 'refused', text: `AWS could not start an instance: ${said}` };
}
