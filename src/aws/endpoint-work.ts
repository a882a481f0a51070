import type { MetricDataResult } from '@aws-sdk/client-cloudwatch';
import type { Context } from '../context.js';
import { endpointMetrics, IDLE_CPU, IDLE_GPU, PERIOD } from './endpoint-metrics.js';
import { describeEndpoint } from './sagemaker.js';

const MINUTE = PERIOD * 1000;
/** Milliseconds that are looked back. */
const WINDOW = 15 * MINUTE;
/** Metrics come a minute or two late: what was published for an earlier time than this says nothing of now. */
const FRESH = 5 * MINUTE;

/** What was published of one minute; undefined: nothing, or nothing yet. */
export interface Minute {
  /** Its begin, in milliseconds since the epoch. */
  at: number;
  /** Requests. */
  backlog?: number;
  /** Seconds that the oldest request has waited. */
  age?: number;
  /** Of the busiest instance: percent, 100 for each vCPU and each GPU. */
  cpu?: number;
  gpu?: number;
}

/** What an endpoint does, as far as AWS tells. */
export interface EndpointWork {
  /** When it was asked for, in milliseconds since the epoch. */
  now: number;
  /** EndpointStatus. */
  status: string;
  /** Instances there are, and instances there shall be. */
  current: number;
  desired: number;
  /** The last quarter of an hour, oldest first; only minutes of which something was published. */
  minutes: Minute[];
}

/**
 * Two requests: DescribeEndpoint and GetMetricData. Undefined: there is no such endpoint.
 * What was sent within the last two minutes may not show yet.
 */
export async function readWork(
  { clients, clock, signal }: Pick<Context, 'clients' | 'clock' | 'signal'>,
  endpointName: string,
): Promise<EndpointWork | undefined> {
  const cloudwatch = await clients.cloudwatch();
  const now = clock.now();
  const options = { abortSignal: signal };
  const [endpoint, { MetricDataResults = [] }] = await Promise.all([
    describeEndpoint({ clients, signal }, endpointName),
    cloudwatch.getMetricData(
      {
        MetricDataQueries: Object.values(endpointMetrics(endpointName)).map((query) => ({
          ...query,
          ReturnData: true,
        })),
        StartTime: new Date(Math.floor((now - WINDOW) / MINUTE) * MINUTE),
        EndTime: new Date(now),
      },
      options,
    ),
  ]);
  if (!endpoint) return undefined;
  const variant = endpoint.ProductionVariants?.[0];
  const current = variant?.CurrentInstanceCount ?? 0;
  return {
    now,
    status: endpoint.EndpointStatus ?? '',
    current,
    desired: variant?.DesiredInstanceCount ?? current,
    minutes: byMinute(MetricDataResults),
  };
}

function byMinute(results: readonly MetricDataResult[]): Minute[] {
  const minutes = new Map<number, Minute>();
  for (const { Id, Timestamps = [], Values = [] } of results) {
    for (const [index, time] of Timestamps.entries()) {
      const at = time.getTime();
      minutes.set(at, { ...(minutes.get(at) ?? { at }), [Id ?? '']: Values[index] });
    }
  }
  return [...minutes.values()].sort((a, b) => a.at - b.at);
}

/** `unknown`: instances run, and nothing was published of them lately: they have just come, or their metrics are lost. */
export type Activity =
  | { state: 'idle' }
  /** `requests` wait (or are worked on, should those count as backlog); `age`: seconds that the oldest has waited. */
  | { state: 'waiting' | 'working'; requests: number; age: number | undefined }
  | { state: 'unknown' };

/** What the endpoint does now. Pure. */
export function activityOf({ now, current, desired, minutes }: EndpointWork): Activity {
  const fresh = minutes.filter(({ at }) => at >= now - FRESH);
  const queue = fresh.findLast(({ backlog }) => backlog !== undefined);
  const requests = queue?.backlog ?? 0;
  const hosts = fresh.filter(hasUtilisation);
  // Two, since a transcription may have begun or ended in the middle of the newest.
  if (current > 0 && hosts.slice(-2).some(isBusy)) return { state: 'working', requests, age: queue?.age };
  if (requests > 0) return { state: 'waiting', requests, age: queue?.age };
  return Math.max(current, desired) > 0 && hosts.length === 0 ? { state: 'unknown' } : { state: 'idle' };
}

/** Minutes in which there must be neither backlog nor work: without instances, and with some. */
const QUIET_WITHOUT_INSTANCES = 2;
const QUIET_WITH_INSTANCES = 5;
/** Milliseconds after which nothing published means nothing there. */
const SILENT = 10 * MINUTE;

/**
 * Whether a request that was sent at `sent` (milliseconds since the epoch) is neither in the queue nor worked on any
 * more: the instance that had it is gone. Pure. Only whole minutes count that began when it would have shown, and only
 * those in a row up to the newest. Says false when it cannot tell.
 */
export function isLost({ now, status, current, desired, minutes }: EndpointWork, sent: number): boolean {
  if (status !== 'InService') return false;
  const since = minutes.filter(({ at }) => at >= sent + MINUTE);
  if (current === 0 && desired === 0) {
    const queue = since.filter(({ backlog }) => backlog !== undefined);
    if (queue.length === 0) return now - sent > SILENT && minutes.every(({ backlog }) => !backlog);
    return areQuiet(queue.slice(-QUIET_WITHOUT_INSTANCES), QUIET_WITHOUT_INSTANCES);
  }
  // An instance whose utilisation is not published may be at work.
  const hosts = since.filter(hasUtilisation).slice(-QUIET_WITH_INSTANCES);
  return areQuiet(hosts, QUIET_WITH_INSTANCES) && !hosts.some(isBusy);
}

const areQuiet = (row: readonly Minute[], count: number): boolean =>
  row.length === count && row.every(({ backlog, at }, index) => !backlog && at === (row[0]?.at ?? 0) + index * MINUTE);

const hasUtilisation = ({ cpu, gpu }: Minute): boolean => (cpu ?? gpu) !== undefined;

const isBusy = ({ cpu = 0, gpu = 0 }: Minute): boolean => cpu >= IDLE_CPU || gpu >= IDLE_GPU;
