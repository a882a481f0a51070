import { randomUUID } from 'node:crypto';
import { openBucket } from '../aws/objects.js';
import type { Context } from '../context.js';
import { forEach } from '../each.js';
import { jobKey } from '../ledger/key.js';
import { openLedger } from '../ledger/ledger.js';
import type { TranscribeSettings } from '../settings/transcribe.js';
import type { Audio } from './audio.js';
import { collect } from './collect/collect.js';
import { watchEndpoint } from './collect/watch.js';
import { examine } from './examine/examine.js';
import { jobsOf } from './job.js';
import { problemOf } from './problem.js';
import { type Delivery, openDelivery } from './publish/deliver.js';
import { publish, requirePublishable } from './publish/publish.js';
import type { TranscribeResult } from './result.js';
import { selectFiles } from './select/select.js';
import { stage } from './stage.js';
import { customAttributes } from './submit/attributes.js';
import { readEndpoint } from './submit/endpoint.js';
import { requireAble } from './submit/model-limits.js';

const CONCURRENT_READS = 4;

/**
 * Sends the workspace's audio to the endpoint and publishes the transcripts. What has a transcript already is not sent;
 * what an earlier run has sent is collected; what is not finished in time is left to the next run.
 * @throws UserError when nothing could be begun: a bad glob, no endpoint, no access
 */
export async function transcribe(context: Context, settings: TranscribeSettings): Promise<TranscribeResult> {
  const { clients, account, clock, log, signal } = context;
  const until = clock.now() + settings.waitMinutes * 60_000;
  customAttributes(settings.options);
  const paths = await selectFiles(settings);
  await requirePublishable(context, settings);
  // The client that comes next loads while AWS answers.
  const [endpoint] = await Promise.all([readEndpoint(context, settings.endpointName), clients.s3()]);
  requireAble(endpoint.model, settings.options);

  const delivery = openDelivery(context, settings);
  const audio = await examineAll(settings, paths, delivery, signal);
  const { modelRevision, transcriber } = endpoint;
  const jobs = jobsOf(audio, ({ identity, options }) =>
    jobKey({ audio: identity, options, modelRevision, transcriber }),
  );
  log.info(`${paths.length} audio files, ${jobs.length} different ones to transcribe.`);

  const { deliver } = delivery;
  const send = async () => {
    const ledger = openLedger(await openBucket(clients, endpoint.bucket, account, signal), endpoint.prefix);
    const staged = await stage(ledger, jobs, settings.retryFailed, deliver);
    const sender = { context, ledger, endpoint, owner: runName(process.env) };
    const watch = watchEndpoint(context, endpoint.name);
    await watch.alarm(endpoint.description);
    await collect({ sender, staged, deliver, watch }, until);
  };
  // What was finished until an error is published all the same: nobody pays for it again, but somebody waits for it.
  const problem = await send().then(
    () => undefined,
    (error: unknown) => problemOf(error, signal),
  );
  delivery.leave(jobs);

  const files = delivery.reports();
  return { files, instances: [], ...(await publish(context, settings, files)), ...(problem && { problem }) };
}

/** In the order of the paths, without those that cannot be sent. */
async function examineAll(
  { workspace, options }: TranscribeSettings,
  paths: readonly string[],
  { refuse }: Delivery,
  signal: AbortSignal,
): Promise<Audio[]> {
  const found = new Map<string, Audio>();
  await forEach(paths, CONCURRENT_READS, async (path) => {
    const file = await examine(workspace, path, options, signal);
    if ('reason' in file) refuse(path, file.reason);
    else found.set(path, file);
  });
  return paths.flatMap((path) => found.get(path) ?? []);
}

/** Who claims a job, for a person who reads the ledger. */
function runName({ GITHUB_REPOSITORY, GITHUB_RUN_ID }: NodeJS.ProcessEnv): string {
  return GITHUB_REPOSITORY && GITHUB_RUN_ID ? `${GITHUB_REPOSITORY}/${GITHUB_RUN_ID}` : `local/${randomUUID()}`;
}
