import type { Context } from '../context.js';
import type { Change } from './changes.js';
import type { Desired } from './desired.js';
import type { Known } from './known.js';

/** What a story is at: what it knows, what it has changed so far, and how long that took. */
export interface Progress {
  known: Known;
  /** Every resource as it was found against what is wanted; empty until that was looked at. */
  planned: readonly Change[];
  made: Change[];
  /** Seconds of each step, in their order. */
  steps: { step: string; seconds: number; failed: boolean }[];
  /** Milliseconds since the epoch until which the endpoint may be waited for. */
  deadline: () => number;
  /** Moves that deadline, by milliseconds that were waited for something else than AWS. */
  postpone: (milliseconds: number) => void;
  /** What is wanted, by what is known; undefined until the inputs were looked at. */
  desire?: (known: Known) => Desired;
}

export function startProgress({ clock }: Pick<Context, 'clock'>, waitMinutes: number): Progress {
  return { known: {}, planned: [], made: [], steps: [], ...openDeadline(clock, waitMinutes) };
}

/** One deadline for all that is waited for on the endpoint, from the first wait on. */
function openDeadline(clock: Context['clock'], waitMinutes: number): Pick<Progress, 'deadline' | 'postpone'> {
  let deadline: number | undefined;
  return {
    deadline: () => {
      deadline ??= clock.now() + waitMinutes * 60_000;
      return deadline;
    },
    postpone: (milliseconds) => {
      if (deadline !== undefined) deadline += milliseconds;
    },
  };
}

/** Runs one step of the story and notes how long it took. */
export async function timed<T>(
  { clock }: Pick<Context, 'clock'>,
  { steps }: Pick<Progress, 'steps'>,
  step: string,
  body: () => Promise<T>,
): Promise<T> {
  const start = clock.now();
  let failed = true;
  try {
    const result = await body();
    failed = false;
    return result;
  } finally {
    steps.push({ step, seconds: (clock.now() - start) / 1000, failed });
  }
}
