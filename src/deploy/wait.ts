import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { described } from '../aws/sagemaker.js';
import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import { likelyCause } from './causes.js';
import { phaseOf } from './states.js';

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

/** The endpoint as it is; undefined: there is none. */
export async function describeEndpoint(
  { clients, signal }: Pick<Context, 'clients' | 'signal'>,
  EndpointName: string,
): Promise<DescribeEndpointOutput | undefined> {
  const sagemaker = await clients.sagemaker();
  return described(sagemaker.describeEndpoint({ EndpointName }, { abortSignal: signal }));
}

/**
 * Waits until nothing changes on the endpoint. Returns it as it is then; undefined: it is gone.
 * @throws UserError when the deadline passes
 */
export function untilSteady(context: Context, wait: Wait): Promise<DescribeEndpointOutput | undefined> {
  return poll(context, wait, (endpoint) => !endpoint || phaseOf(endpoint.EndpointStatus ?? '') !== 'passing');
}

/**
 * Waits until the endpoint serves a configuration: in service is not enough, since an update that failed goes back to
 * the old one and to InService.
 * @throws UserError with SageMaker's reason when it does not come to that, or the deadline passes
 */
export async function untilServed(context: Context, wait: Wait, config: string): Promise<DescribeEndpointOutput> {
  const start = context.clock.now();
  let moved = false;
  const endpoint = await poll(context, wait, (now) => {
    if (now && phaseOf(now.EndpointStatus ?? '') === 'passing') {
      moved = true;
      return false;
    }
    return now?.EndpointConfigName === config || moved || context.clock.now() - start > STALE;
  });
  return requireServed(wait.endpointName, endpoint, config);
}

/**
 * Waits until an endpoint that is being deleted is gone.
 * @throws UserError when SageMaker gives up, or the deadline passes
 */
export async function untilGone(context: Context, wait: Wait): Promise<void> {
  let deleting = false;
  const left = await poll(context, wait, (endpoint) => {
    if (endpoint?.EndpointStatus === 'Deleting') deleting = true;
    // At first the answer may still be what was before.
    return !endpoint || (deleting && phaseOf(endpoint.EndpointStatus ?? '') !== 'passing');
  });
  if (!left) return;
  const what = `The endpoint ${wait.endpointName} could not be deleted: it is ${left.EndpointStatus}.`;
  throw failed(what, wait.endpointName, left.FailureReason);
}

/** @throws UserError unless the endpoint is in service with this configuration. Pure. */
export function requireServed(
  name: string,
  endpoint: DescribeEndpointOutput | undefined,
  config: string,
): DescribeEndpointOutput {
  if (!endpoint) {
    throw new UserError(`The endpoint ${name} was deleted while this step waited for it.`, 'Run the step again.');
  }
  requireHealthy(name, endpoint);
  if (endpoint.EndpointConfigName === config) return endpoint;
  throw failed(
    `The endpoint ${name} did not take the new configuration ${config}: SageMaker went back to ${endpoint.EndpointConfigName}, which serves.`,
    name,
    endpoint.FailureReason,
  );
}

/** @throws UserError when the endpoint is in a status that only a person can end. Pure. */
export function requireHealthy(name: string, endpoint: DescribeEndpointOutput): void {
  const status = endpoint.EndpointStatus ?? '';
  if (phaseOf(status) !== 'broken') return;
  throw failed(
    `The endpoint ${name} is ${status}.`,
    name,
    endpoint.FailureReason,
    `SageMaker cannot change an endpoint in this status: delete it (\`aws sagemaker delete-endpoint --endpoint-name ${name}\`) and run the step again.`,
  );
}

function failed(what: string, name: string, reason: string | undefined, then = 'Then run the step again.'): UserError {
  const known = likelyCause(reason ?? '');
  const log = `The container's log, if it started: CloudWatch, log group /aws/sagemaker/Endpoints/${name}.`;
  return new UserError(
    `${what}\nReason given: ${reason || 'none'}${known ? `\nLikely cause: ${known.cause}` : ''}`,
    [known?.remedy, log, then].filter(Boolean).join(' '),
  );
}

async function poll(
  context: Context,
  { endpointName, deadline }: Wait,
  done: (endpoint: DescribeEndpointOutput | undefined) => boolean,
): Promise<DescribeEndpointOutput | undefined> {
  const { clock, log, signal } = context;
  const start = clock.now();
  let pause = FIRST_PAUSE;
  let last = { text: '', at: 0 };
  for (;;) {
    const endpoint = await describeEndpoint(context, endpointName);
    if (done(endpoint)) return endpoint;
    const now = clock.now();
    const text = progressOf(endpoint);
    if (text !== last.text || now - last.at >= PROGRESS) {
      log.info(`Endpoint ${endpointName}: ${text}, ${minutes(now - start)}`);
      last = { text, at: now };
    }
    if (now >= deadline) throw tooLong(endpointName, text, now - start);
    await clock.sleep(Math.min(pause, Math.max(deadline - now, 0)), signal);
    pause = Math.min(pause * 1.3, LONGEST_PAUSE);
  }
}

/** Status and, while a configuration is being deployed, how far each variant is. */
export function progressOf(endpoint: DescribeEndpointOutput | undefined): string {
  if (!endpoint) return 'not visible yet';
  const variants = (endpoint.PendingDeploymentSummary?.ProductionVariants ?? []).flatMap((variant) =>
    (variant.VariantStatus ?? []).map(
      ({ Status, StatusMessage }) => `${variant.VariantName} ${Status}${StatusMessage ? ` (${StatusMessage})` : ''}`,
    ),
  );
  return [endpoint.EndpointStatus, ...variants].join(', ');
}

const minutes = (milliseconds: number): string => `${(milliseconds / 60_000).toFixed(1)} minutes`;

const tooLong = (name: string, status: string, waited: number): UserError =>
  new UserError(
    `The endpoint ${name} is still ${status} after ${minutes(waited)}.`,
    `It goes on in AWS: run the step again to wait on, or raise \`wait-minutes\`. If it hangs, see the log group /aws/sagemaker/Endpoints/${name}: without it, the container never started (image, driver, capacity).`,
  );
