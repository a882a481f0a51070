import { forEach } from '../../each.js';
import { outcomeOf } from '../job.js';
import type { WaitingJob } from '../stage.js';
import { inFlightLimit, pollInterval } from '../submit/pace.js';
import { submit } from '../submit/submit.js';
import { poll, type Work } from './poll.js';

const CONCURRENT_UPLOADS = 6;

/**
 * Sends what waits, within the limit of what may be in flight, and collects what is finished, until everything is
 * delivered or `until` (milliseconds since the epoch) has come. What is then still under way the next run finds in the
 * ledger.
 */
export async function collect(given: Work, until: number): Promise<void> {
  const { sender, staged, progress } = given;
  const { clock, signal } = sender.context;
  const work = { ...given, deliver: progress.counted(given.deliver) };
  const started = clock.now();
  for (let turn = 0; ; turn++) {
    await send(work, started, progress.done());
    if (staged.waiting.length + staged.open.size === 0) return;
    await progress.tell(staged);
    const left = until - clock.now();
    if (left <= 0) return;
    await clock.sleep(Math.min(pollInterval(turn), left), signal);
    await poll(work);
    await progress.tell(staged);
  }
}

async function send(work: Work, started: number, finished: number): Promise<void> {
  const { sender, staged, deliver } = work;
  const milliseconds = sender.context.clock.now() - started;
  const limit = inFlightLimit({ concurrency: sender.endpoint.concurrency, finished, milliseconds });
  const inFlight = [...staged.open.values()].filter(({ ours }) => ours).length;
  const batch = staged.waiting.splice(0, Math.max(0, limit - inFlight));
  await forEach(batch, CONCURRENT_UPLOADS, async ({ job, earlier }: WaitingJob) => {
    const submission = await submit(sender, job, staged.uploads.has(job.key), earlier);
    if (submission.state === 'sent') staged.open.set(job.key, submission.open);
    else if (submission.state === 'done') await deliver(job, outcomeOf(submission.ending, 'reused'));
    else if (submission.state === 'changed') await deliver(job, { state: 'failed', reason: submission.reason });
    else staged.open.set(job.key, { job, stored: { claim: undefined, etag: '' }, ours: false });
  });
}
