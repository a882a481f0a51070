import type { Context } from '../../context.js';
import type { Deliver, Job } from '../job.js';
import type { InstanceCount } from '../result.js';
import type { Staged } from '../stage.js';
import type { Endpoint } from '../submit/endpoint.js';
import { openFleet } from './fleet.js';
import { type Amount, leftWords, millisecondsLeft, standingLine } from './standing.js';

/** Tells how far the work is, while it is waited for. */
export interface Progress {
  /** The same delivery, which is counted. */
  counted(deliver: Deliver): Deliver;
  /** Jobs that were delivered. */
  done(): number;
  /** Writes a line when something has changed or nothing was said for a while. */
  tell(left: Left): Promise<void>;
  /** How many instances were seen, from when on. */
  readonly instances: readonly InstanceCount[];
}

export type Left = Pick<Staged, 'waiting' | 'open'>;

/** Milliseconds between two lines. */
const LONGEST_SILENCE = 2 * 60_000;

/** @param endpoint as it was just described */
export function openProgress(
  context: Context,
  endpoint: Pick<Endpoint, 'name' | 'concurrency' | 'description'>,
): Progress {
  const { clock, log } = context;
  const opened = clock.now();
  const fleet = openFleet(context, endpoint);
  const finished = { jobs: 0, seconds: 0, bytes: 0 };
  let last = { line: '', at: 0 };
  return {
    instances: fleet.seen,
    done: () => finished.jobs,
    counted: (deliver) => async (job, outcome) => {
      await deliver(job, outcome);
      finished.jobs++;
      if (outcome.state !== 'transcribed') return;
      finished.seconds += outcome.transcript.duration;
      finished.bytes += job.audio.bytes;
    },
    async tell(left) {
      if (left.open.size > 0) await fleet.look();
      const line = standingLine({
        waiting: left.waiting.length,
        open: left.open.size,
        done: finished.jobs,
        instances: fleet.seen.at(-1)?.instances,
        concurrency: endpoint.concurrency,
      });
      const now = clock.now();
      if (line === last.line && now - last.at < LONGEST_SILENCE) return;
      last = { line, at: now };
      const running = fleet.seen.find(({ instances }) => instances > 0)?.at ?? opened;
      const time = millisecondsLeft(amountOf(left), { ...finished, milliseconds: now - running });
      log.info(time === undefined || time === 0 ? line : `${line}; ${leftWords(time)}`);
    },
  };
}

function amountOf({ waiting, open }: Left): Amount {
  const amount: Amount = { seconds: 0, bytes: 0 };
  const add = ({ audio: { seconds, bytes } }: Job) => {
    if (seconds === undefined) amount.bytes += bytes;
    else amount.seconds += seconds;
  };
  for (const { job } of waiting) add(job);
  for (const { job } of open.values()) add(job);
  return amount;
}
