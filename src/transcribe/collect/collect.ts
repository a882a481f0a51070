import { isExpired } from '../../aws/error-name.js';
import { isPassingTrouble } from '../../aws/retry.js';
import { pollInterval } from '../submit/pace.js';
import { poll } from './poll.js';
import { sendSome } from './send.js';
import type { PacedWork, Work } from './work.js';

/** Why collecting ended: everything is delivered, the time is over, or AWS takes these credentials no longer. */
export type Ended = 'done' | 'time' | 'credentials';

/**
 * Sends what waits, as much as may be in flight, and collects what is finished, until everything is delivered or `until`
 * (milliseconds since the epoch) has come; without `wait`, until there was one look. What is then still under way the
 * next run finds in the ledger. Trouble that passes ends nothing: the next turn tries again.
 * @throws Error for what no other turn will mend, and after an interrupt
 */
export async function collect(given: Work, until: number): Promise<Ended> {
  const { sender, settings, staged, progress } = given;
  const { clock, signal } = sender.context;
  const pace = { load: 0, from: Number.POSITIVE_INFINITY, to: 0 };
  const work: PacedWork = { ...given, deliver: progress.counted(given.deliver), pace };
  const isDone = () => staged.waiting.length + staged.open.size === 0;
  for (let turn = 0; ; turn++) {
    const due = settings.wait ? Math.min(clock.now() + pollInterval(turn), until) : until;
    if (!(await attempted(work, () => sendUntil(work, due)))) return 'credentials';
    if (isDone()) return 'done';
    await progress.tell(staged);
    if (settings.wait) await clock.sleep(Math.max(due - clock.now(), 0), signal);
    if (!(await attempted(work, () => poll(work)))) return 'credentials';
    if (isDone()) return 'done';
    await progress.tell(staged);
    if (!settings.wait || clock.now() >= until) return 'time';
  }
}

/** Sends portion by portion, so that the bucket is looked at when it is time, however much waits. */
async function sendUntil(work: PacedWork, due: number): Promise<void> {
  const { clock } = work.sender.context;
  while (await sendSome(work)) if (clock.now() >= due) return;
}

/** Does a part of the work. False: the credentials have ended for good. */
async function attempted({ sender: { context } }: Work, part: () => Promise<void>): Promise<boolean> {
  try {
    await part();
  } catch (error) {
    context.signal.throwIfAborted();
    if (isExpired(error)) return false;
    if (!isPassingTrouble(error)) throw error;
    context.log.info(`AWS was in trouble, and is asked again: ${(error as Error).message}`);
  }
  return true;
}
