import { type EndpointLog, endpointLog, logGroup } from '../aws/endpoint-log.js';
import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import { shown } from '../shown.js';
import { likelyCause } from './causes.js';

/** What is known of a failure of an endpoint. */
export interface Failure {
  endpointName: string;
  /** What happened, as one sentence. */
  what: string;
  /** FailureReason, or what else was given as the reason. */
  reason: string | undefined;
  /** Milliseconds since the epoch when the deployment began that failed; undefined: the newest log is the right one. */
  since?: number | undefined;
  /** What to do once the cause is mended. */
  remedy: string;
}

/** The failure with the last lines of the endpoint's log and the likely cause. To be thrown. */
export async function failed(context: Context, failure: Failure): Promise<UserError> {
  return explained(failure, await endpointLog(context, failure.endpointName, failure.since));
}

/** Pure. */
export function explained({ endpointName, what, reason, remedy }: Failure, log: EndpointLog): UserError {
  const lines = log.state === 'lines' ? log.lines : [];
  const known = likelyCause(reason ?? '', lines);
  return new UserError(
    [
      what,
      `Reason given: ${reason || 'none'}`,
      ...(known ? [`Likely cause: ${known.cause}`] : []),
      ...told(endpointName, log),
    ].join('\n'),
    [known?.remedy, remedy].filter(Boolean).join(' '),
  );
}

function told(endpointName: string, log: EndpointLog): string[] {
  const group = logGroup(endpointName);
  switch (log.state) {
    case 'lines':
      return [
        `The last lines of its log (${group}, ${shown(log.stream)}):`,
        ...log.lines.map((line) => `  ${shown(line)}`),
      ];
    case 'silent':
      return [`Its log (${group}) has no line of this deployment: no container of it has come so far as to write one.`];
    case 'absent':
      return [
        `It has no log (${group}): no container was ever started. The image could not be pulled, the GPU driver does not fit it, or AWS had no instance.`,
      ];
    case 'unreadable':
      return [`Its log (${group}) could not be read: ${shown(log.why)}`];
  }
}
