import { isPassingTrouble } from '../aws/retry.js';
import type { Context } from '../context.js';
import { Interrupted, UserError } from '../errors.js';
import type { DrainSettings } from '../settings/shared.js';
import { lasting } from './wait.js';
import { type WorkPlace, workUnderWay } from './work.js';

/** Milliseconds between two looks: metrics come once a minute. */
const PAUSE = 20_000;
/** Milliseconds between two lines of progress when nothing changes. */
const PROGRESS = 60_000;

/** What is about to take work away, and how long that may be waited for. */
export interface Draining extends DrainSettings, WorkPlace {
  /** What is about to happen, as `the update of whisper`. */
  before: string;
  /** Milliseconds that were waited for work already. */
  waited?: number;
}

/**
 * Waits until nothing is lost when instances, or the endpoint, go. At once when no instance runs. Returns the
 * milliseconds that it took.
 * @throws UserError when work is still under way after `drainMinutes`
 */
export async function drain(context: Context, draining: Draining): Promise<number> {
  const { clock, log, signal } = context;
  const { before, drainMinutes, whenBusy, waited: earlier = 0 } = draining;
  const start = clock.now();
  let last = { text: '', at: 0 };
  try {
    for (;;) {
      const work = await lookAtWork(context, draining);
      const now = clock.now();
      if (work === undefined) {
        if (last.text !== '') log.info(`No work is under way any more, after ${lasting(now - start)}.`);
        return now - start;
      }
      if (whenBusy === 'update') {
        log.warning(
          `Work is cut off by ${before}, as \`when-busy: update\` asks: ${work}. The next transcribe sends again what it had sent.`,
        );
        return now - start;
      }
      const left = drainMinutes * 60_000 - earlier - (now - start);
      if (left <= 0) throw stillBusy(before, work, earlier + now - start);
      if (work !== last.text || now - last.at >= PROGRESS) {
        log.info(`Work is under way, and ${before} waits for its end: ${work}; ${lasting(left)} left`);
        last = { text: work, at: now };
      }
      await clock.sleep(Math.min(PAUSE, left), signal);
    }
  } catch (error) {
    if (!signal.aborted || error instanceof Interrupted) throw error;
    throw new Interrupted(
      signal,
      `It waited for work before ${before}; nothing of that was begun, and the work goes on in AWS.`,
      'Run the step again.',
    );
  }
}

/** A look that fails in passing says nothing: then work is taken to be under way until the next one. */
async function lookAtWork(context: Context, draining: Draining): Promise<string | undefined> {
  try {
    return await workUnderWay(context, draining);
  } catch (error) {
    if (!isPassingTrouble(error)) throw error;
    return `not known just now (${(error as Error).message})`;
  }
}

const stillBusy = (before: string, work: string, waited: number): UserError =>
  new UserError(
    `Work is still under way after ${lasting(waited)}, so ${before} was not begun: ${work}.`,
    'Run the step again later, or raise `drain-minutes`. Where new audio keeps coming, the work never ends by itself: pause the schedule that sends it (disable the workflow, or give both jobs one `concurrency` group). `when-busy: update` does not wait: running requests are cut off, and transcribe sends its own again.',
  );
