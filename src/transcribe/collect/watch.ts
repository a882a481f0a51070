import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { warnOfBlindAlarm } from '../../aws/blind-alarm.js';
import { type EndpointWork, readWork } from '../../aws/endpoint-work.js';
import { isPassingTrouble } from '../../aws/retry.js';
import type { Context } from '../../context.js';
import type { OpenJob } from '../job.js';

/** Looks at the endpoint while jobs are with it. */
export interface Watch {
  /** Undefined: it is not time for a look, or it cannot be seen. */
  work(open: Iterable<OpenJob>): Promise<EndpointWork | undefined>;
  /** Warns when instances run that nothing will take away. `endpoint`: as it was just described. */
  alarm(endpoint?: DescribeEndpointOutput): Promise<void>;
}

const MINUTE = 60_000;
/** Milliseconds after which a request that was sent shows in the endpoint's metrics. */
const SHOWN = 4 * MINUTE;
/** Milliseconds between two looks at the work, of two requests, and at the alarm, of three at most. */
const BETWEEN_LOOKS = 2 * MINUTE;
const BETWEEN_ALARM_LOOKS = 15 * MINUTE;

/**
 * A request whose instance was taken away leaves neither an answer nor a failure, and its claim runs for seven hours: so
 * an endpoint that has had long enough for an answer is asked what it does. Without the right to read its metrics, lost
 * requests are sent again when their time is over.
 */
export function watchEndpoint(context: Context, endpointName: string): Watch {
  const { clock, log, signal } = context;
  let nextLook = 0;
  let nextAlarmLook = 0;
  const look = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (isPassingTrouble(error)) return undefined;
      nextLook = nextAlarmLook = Number.POSITIVE_INFINITY;
      log.info(`What the endpoint does cannot be seen: ${(error as Error).message}`);
      return undefined;
    }
  };
  const alarm = async (endpoint?: DescribeEndpointOutput) => {
    nextAlarmLook = clock.now() + BETWEEN_ALARM_LOOKS;
    await look(() => warnOfBlindAlarm(context, endpointName, endpoint));
  };
  return {
    alarm,
    async work(open) {
      const now = clock.now();
      const sent = [...open].map(sentAt).filter((time) => time !== undefined);
      if (now < nextLook || !sent.some((time) => now - time > SHOWN)) return undefined;
      nextLook = now + BETWEEN_LOOKS;
      const work = await look(() => readWork(context, endpointName));
      if (work && work.current > 0 && now >= nextAlarmLook) await alarm();
      return work;
    },
  };
}

/** When SageMaker took the request, in milliseconds since the epoch; undefined: not known to be with the endpoint. */
export function sentAt({ stored: { claim } }: OpenJob): number | undefined {
  return claim?.state === 'sent' && claim.sent !== undefined ? Date.parse(claim.sent) : undefined;
}
