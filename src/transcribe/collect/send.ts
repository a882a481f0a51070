import { shown } from '../../shown.js';
import { type Job, type OpenJob, outcomeOf } from '../job.js';
import type { WaitingJob } from '../stage.js';
import { type Fleet, type Flight, loadOf, mostInFlight, sendable } from '../submit/pace.js';
import { submit } from '../submit/submit.js';
import type { PacedWork } from './work.js';

/** A portion is claimed as a whole: what an interrupt leaves of it is given back, and a kill holds it for minutes. */
const PORTION = { files: 100, bytes: 256e6 };

/**
 * Sends the next portion of what waits, as far as more may be in flight.
 * @returns whether there was one
 */
export async function sendSome(work: PacedWork): Promise<boolean> {
  const { sender, staged, deliver } = work;
  const portion = nextPortion(work);
  if (portion.length === 0) return false;
  const left = new Set(portion);
  const leftovers: string[] = [];
  try {
    await submit(sender, staged, portion, async (waiting, submission) => {
      left.delete(waiting);
      const { job, earlier } = waiting;
      if (submission.state === 'sent') {
        staged.open.set(job.key, submission.open);
        if (earlier) sender.context.log.info(shown(`${job.audio.path} is sent again: ${earlier.reason}`));
      } else if (submission.state === 'taken') staged.open.set(job.key, ofAnother(job));
      else if (submission.state === 'done') await deliver(job, outcomeOf(submission.ending, 'reused'));
      else await deliver(job, { state: 'failed', reason: submission.reason });
      if (earlier?.leftover !== undefined) leftovers.push(earlier.leftover);
    });
  } finally {
    staged.waiting.splice(0, portion.length, ...left);
  }
  await sender.ledger.objects.remove(leftovers);
  return true;
}

/** Nothing is known of its claim; the next poll reads it. */
const ofAnother = (job: Job): OpenJob => ({ job, stored: { claim: undefined, etag: '' }, ours: false });

function nextPortion({ sender: { endpoint }, staged, progress, pace }: PacedWork): WaitingJob[] {
  const fleet: Fleet = {
    instances: progress.instances.at(-1)?.instances ?? 0,
    concurrency: endpoint.concurrency,
    gpu: endpoint.gpu,
  };
  const most = mostInFlight(fleet, { load: pace.load, milliseconds: pace.to - pace.from });
  const next = staged.waiting.slice(0, PORTION.files);
  let bytes = 0;
  const within = next.findIndex(({ job }, index) => {
    bytes += job.audio.bytes;
    return index > 0 && bytes > PORTION.bytes;
  });
  const portion = within === -1 ? next : next.slice(0, within);
  const loads = portion.map(({ job }) => loadOf(job.audio));
  return portion.slice(0, sendable(loads, inFlight(staged), most, fleet));
}

/** Other runs' audio is taken to be as long as ours. */
function inFlight({ waiting, open, elsewhere }: PacedWork['staged']): Flight {
  let load = 0;
  for (const { job } of open.values()) load += loadOf(job.audio);
  const known = open.size > 0 ? load / open.size : waiting[0] ? loadOf(waiting[0].job.audio) : 0;
  return { requests: open.size + elsewhere, load: load + elsewhere * known };
}
