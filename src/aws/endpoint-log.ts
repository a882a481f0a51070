import type { LogStream } from '@aws-sdk/client-cloudwatch-logs';
import type { Context } from '../context.js';
import { isNamed } from './error-name.js';

/** What the containers of an endpoint have said. */
export type EndpointLog =
  | { state: 'lines'; stream: string; lines: string[] }
  /** Nothing was written since. */
  | { state: 'silent' }
  /** There is no log group: no container of this endpoint has ever written. */
  | { state: 'absent' }
  | { state: 'unreadable'; why: string };

const LINES = 20;
/** As many as DescribeLogStreams gives at once: an endpoint has a stream for each instance that it ever had. */
const STREAMS = 50;

export const logGroup = (endpointName: string): string => `/aws/sagemaker/Endpoints/${endpointName}`;

/**
 * The last lines of the newest container of an endpoint. Two requests. Never throws: it is read to explain a failure, and
 * must not be one.
 * @param since milliseconds since the epoch: streams that were begun earlier belong to another deployment
 */
export async function endpointLog(
  { clients, signal }: Pick<Context, 'clients' | 'signal'>,
  endpointName: string,
  since = 0,
): Promise<EndpointLog> {
  const logGroupName = logGroup(endpointName);
  const options = { abortSignal: signal };
  try {
    const logs = await clients.logs();
    const { logStreams = [] } = await logs.describeLogStreams(
      { logGroupName, orderBy: 'LastEventTime', descending: true, limit: STREAMS },
      options,
    );
    const logStreamName = newest(logStreams, since);
    if (logStreamName === undefined) return { state: 'silent' };
    const { events = [] } = await logs.getLogEvents({ logGroupName, logStreamName, limit: LINES }, options);
    const lines = events.map(({ message = '' }) => message.trimEnd()).filter((line) => line !== '');
    return lines.length === 0 ? { state: 'silent' } : { state: 'lines', stream: logStreamName, lines };
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return { state: 'absent' };
    return { state: 'unreadable', why: (error as Error).message };
  }
}

/** Streams are `variant/instance`; `variant/instance/data-log` is SageMaker's own, of downloads and uploads. Pure. */
function newest(streams: readonly LogStream[], since: number): string | undefined {
  const ofContainers = streams.filter(
    ({ logStreamName = '', creationTime = 0 }) => creationTime >= since && !logStreamName.endsWith('/data-log'),
  );
  // LastEventTime comes late, and for a new stream not at all (CloudWatch Logs API reference).
  const last = ({ creationTime = 0, lastEventTimestamp = 0 }: LogStream) => Math.max(creationTime, lastEventTimestamp);
  ofContainers.sort((a, b) => last(b) - last(a));
  return ofContainers[0]?.logStreamName;
}
