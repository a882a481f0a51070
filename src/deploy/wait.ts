import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { isPassingTrouble } from '../aws/retry.js';
import { describeEndpoint } from '../aws/sagemaker.js';
import type { Context } from '../context.js';
import { Interrupted, UserError } from '../errors.js';
import type { Desired } from './desired.js';
import { type Failure, failed } from './failure.js';
import { phaseOf, wayOut } from './states.js';

/** Milliseconds between two looks: the first, and the longest. */
const FIRST_PAUSE = 3_000;
const LONGEST_PAUSE = 15_000;
/** Milliseconds between two lines of progress when nothing changes. */
const PROGRESS = 60_000;
/** Milliseconds in which DescribeEndpoint may still answer with what was before our request. */
const STALE = 60_000;

/** How long to wait for which endpoint. */
export interface Wait {
  endpointName: string;
  /** Milliseconds since the epoch. */
  deadline: number;
}

/**
 * Waits until nothing changes on the endpoint. Returns it as it is then; undefined: it is gone.
 * @throws UserError when the deadline passes
 */
export function untilSteady(context: Context, wait: Wait): Promise<DescribeEndpointOutput | undefined> {
  return poll(context, wait, '', (endpoint) => !endpoint || phaseOf(endpoint.EndpointStatus) !== 'passing');
}

/** Waits until an endpoint that was deleted is gone, or another one of its name is in its place. */
export async function untilGone(context: Context, wait: Wait, { CreationTime }: DescribeEndpointOutput): Promise<void> {
  await poll(context, wait, '', (endpoint) => endpoint?.CreationTime?.getTime() !== CreationTime?.getTime());
}

/** What was seen of an endpoint on its way. */
export interface Seen {
  /** Whether anything was going on. */
  moved: boolean;
  /** Other configurations than the wanted one that were being deployed. */
  others: Set<string>;
  /** What served while the wanted configuration was being deployed. */
  before?: string | undefined;
  /** When that deployment began, in milliseconds since the epoch. */
  since?: number | undefined;
}

/**
 * Waits until the endpoint serves a configuration: in service is not enough, since an update that failed goes back to
 * the old one and to InService.
 * @throws UserError with SageMaker's reason when it does not come to that, or the deadline passes
 */
export async function untilServed(context: Context, wait: Wait, config: string): Promise<DescribeEndpointOutput> {
  const start = context.clock.now();
  const seen: Seen = { moved: false, others: new Set() };
  const endpoint = await poll(context, wait, ` to ${config}`, (now) => {
    if (now && phaseOf(now.EndpointStatus) === 'passing') {
      note(seen, now, config);
      return false;
    }
    return now?.EndpointConfigName === config || seen.moved || context.clock.now() - start > STALE;
  });
  const verdict = judge(endpoint, config, seen);
  if (endpoint && verdict === 'served') return endpoint;
  const failure = failureOf(wait.endpointName, endpoint, config, verdict);
  throw failure instanceof UserError
    ? failure
    : await failed(context, { ...failure, since: failure.since ?? seen.since });
}

function note(seen: Seen, endpoint: DescribeEndpointOutput, config: string): void {
  seen.moved = true;
  const deployed = beingDeployed(endpoint);
  if (deployed === undefined) return;
  if (deployed !== config) {
    seen.others.add(deployed);
    return;
  }
  if (endpoint.EndpointStatus !== 'Creating') seen.before = endpoint.EndpointConfigName;
  seen.since ??= beginOf(endpoint);
}

/** The configuration that is coming up. An Updating that scaling caused has none. */
function beingDeployed({ EndpointStatus, EndpointConfigName, PendingDeploymentSummary }: DescribeEndpointOutput) {
  if (EndpointStatus === 'RollingBack') return undefined;
  return (
    PendingDeploymentSummary?.EndpointConfigName ?? (EndpointStatus === 'Creating' ? EndpointConfigName : undefined)
  );
}

/** When what is under way began, in milliseconds since the epoch. */
const beginOf = (endpoint: DescribeEndpointOutput | undefined): number | undefined =>
  (endpoint?.PendingDeploymentSummary?.StartTime ?? endpoint?.CreationTime)?.getTime();

/** How a wait for a configuration ended. */
export type Verdict = 'served' | 'gone' | 'unhealthy' | 'overtaken' | 'taken back';

/** Pure. */
export function judge(endpoint: DescribeEndpointOutput | undefined, config: string, seen: Seen): Verdict {
  if (!endpoint) return 'gone';
  if (phaseOf(endpoint.EndpointStatus) !== 'serving') return 'unhealthy';
  const serves = endpoint.EndpointConfigName;
  if (serves === config) return 'served';
  if (seen.others.size > 0) return 'overtaken';
  if (seen.before !== undefined) return serves === seen.before ? 'taken back' : 'overtaken';
  // The update ended between two looks. SageMaker keeps the reason of a roll-back; a deploy that went well has none.
  return endpoint.FailureReason ? 'taken back' : 'overtaken';
}

/** What the verdict means; a UserError where neither log nor reason has anything to add. Pure. */
export function failureOf(
  endpointName: string,
  endpoint: DescribeEndpointOutput | undefined,
  config: string,
  verdict: Verdict,
): Failure | UserError {
  switch (verdict) {
    case 'gone':
      return new UserError(
        `The endpoint ${endpointName} was deleted while this step waited for it.`,
        'Run the step again.',
      );
    case 'overtaken':
      return overtaken(endpointName, config, endpoint?.EndpointConfigName);
    case 'unhealthy':
      return unhealthy(endpointName, endpoint);
    default:
      return {
        endpointName,
        what: `The endpoint ${endpointName} did not take the new configuration ${config}: SageMaker went back to ${endpoint?.EndpointConfigName}, which serves.`,
        reason: endpoint?.FailureReason,
        remedy: 'Then run the step again.',
      };
  }
}

/** An endpoint in a status that does not pass by itself and is no service. Pure. */
export const unhealthy = (endpointName: string, endpoint: DescribeEndpointOutput | undefined): Failure => ({
  endpointName,
  what: `The endpoint ${endpointName} is ${endpoint?.EndpointStatus}.`,
  reason: endpoint?.FailureReason,
  // One that Failed never served: what is older is of an endpoint that had the name before.
  since: phaseOf(endpoint?.EndpointStatus) === 'failed' ? beginOf(endpoint) : undefined,
  remedy: wayOut(endpoint?.EndpointStatus, endpointName),
});

/** @param serves the configuration that the other deploy has put in the place of ours */
export const overtaken = (endpointName: string, config: string, serves: string | undefined): UserError =>
  new UserError(
    `Another deploy of the endpoint ${endpointName} won: it serves ${serves}, not ${config} of this one. Nothing is broken.`,
    'If this one is to be served, run the step again. A `concurrency` group in the workflow lets one deploy wait for the other.',
  );

/**
 * Does what follows on the wait. When that fails because another deploy has begun to change the endpoint meanwhile, that is
 * the reason, whatever the error says.
 * @throws UserError that another deploy won
 */
export async function unlessOvertaken(
  context: Context,
  { endpointName, endpointConfig }: Pick<Desired, 'endpointName' | 'endpointConfig'>,
  body: () => Promise<void>,
): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (context.signal.aborted) throw error;
    const endpoint = await describeEndpoint(context, endpointName).catch(() => undefined);
    const serves = endpoint?.PendingDeploymentSummary?.EndpointConfigName ?? endpoint?.EndpointConfigName;
    const config = endpointConfig?.EndpointConfigName ?? '';
    throw serves === undefined || serves === config ? error : overtaken(endpointName, config, serves);
  }
}

/** @param to what the endpoint was asked for, after its name; empty: nothing */
async function poll(
  context: Context,
  { endpointName, deadline }: Wait,
  to: string,
  done: (endpoint: DescribeEndpointOutput | undefined) => boolean,
): Promise<DescribeEndpointOutput | undefined> {
  const { clock, log, signal } = context;
  const start = clock.now();
  let pause = FIRST_PAUSE;
  let last = { text: '', at: 0 };
  let endpoint: DescribeEndpointOutput | undefined;
  try {
    for (;;) {
      let trouble: string | undefined;
      try {
        endpoint = await describeEndpoint(context, endpointName);
        if (done(endpoint)) return endpoint;
      } catch (error) {
        // A wait of an hour must not end because AWS throttled for half a minute.
        if (!isPassingTrouble(error)) throw error;
        trouble = (error as Error).message;
      }
      const now = clock.now();
      const text = trouble === undefined ? progressOf(endpoint) : `not known just now (${trouble})`;
      if (text !== last.text || now - last.at >= PROGRESS) {
        log.info(`Endpoint ${endpointName}: ${text}, ${lasting(now - start)}`);
        last = { text, at: now };
      }
      if (now >= deadline) throw await tooLong(context, endpointName, endpoint, now - start);
      await clock.sleep(Math.min(pause, Math.max(deadline - now, 0)), signal);
      pause = Math.min(pause * 1.3, LONGEST_PAUSE);
    }
  } catch (error) {
    if (!signal.aborted || error instanceof Interrupted) throw error;
    throw goesOn(signal, endpointName, to, endpoint);
  }
}

/** What AWS goes on doing after a run was stopped. */
function goesOn(
  signal: AbortSignal,
  name: string,
  to: string,
  endpoint: DescribeEndpointOutput | undefined,
): Interrupted {
  const passing = endpoint && phaseOf(endpoint.EndpointStatus) === 'passing';
  return new Interrupted(
    signal,
    `The endpoint ${name} goes on${passing ? ` in AWS: ${progressOf(endpoint)}` : `${to} in AWS`}.`,
    'Run the step again: it waits for that and goes on.',
  );
}

/** Status and, while a configuration is being deployed, which one, and how far each variant is. */
export function progressOf(endpoint: DescribeEndpointOutput | undefined): string {
  if (!endpoint) return 'not visible yet';
  const { EndpointStatus = '', PendingDeploymentSummary: pending } = endpoint;
  const config = beingDeployed(endpoint);
  const variants = (pending?.ProductionVariants ?? []).flatMap((variant) =>
    (variant.VariantStatus ?? []).map(
      ({ Status, StatusMessage }) => `${variant.VariantName} ${Status}${StatusMessage ? ` (${StatusMessage})` : ''}`,
    ),
  );
  return [`${EndpointStatus}${config === undefined ? '' : ` to ${config}`}`, ...variants].join(', ');
}

/** A time that was waited, for people. */
export const lasting = (milliseconds: number): string =>
  milliseconds < 90_000
    ? `${Math.round(milliseconds / 1000)} seconds`
    : `${(milliseconds / 60_000).toFixed(1)} minutes`;

function tooLong(
  context: Context,
  endpointName: string,
  endpoint: DescribeEndpointOutput | undefined,
  waited: number,
): Promise<UserError> {
  return failed(context, {
    endpointName,
    what: `The endpoint ${endpointName} is still ${progressOf(endpoint)} after ${lasting(waited)}.`,
    reason: endpoint?.FailureReason,
    since: beginOf(endpoint),
    remedy:
      'It goes on in AWS: run the step again to wait on, or raise `wait-minutes`. A container that ends again and again can keep it so for more than an hour, in which it cannot be deleted.',
  });
}
