import { randomUUID } from 'node:crypto';
import { relative, sep } from 'node:path';
import { openBucket } from '../aws/objects.js';
import type { Context } from '../context.js';
import { openLedger } from '../ledger/ledger.js';
import { publishedKey, readPublished } from '../ledger/published.js';
import type { TranscribeSettings, TranscriptionOptions } from '../settings/transcribe.js';
import { shown } from '../shown.js';
import type { Audio } from './audio.js';
import { collect } from './collect/collect.js';
import { openProgress } from './collect/progress.js';
import { watchEndpoint } from './collect/watch.js';
import { examineAll } from './examine/all.js';
import { problemOf } from './problem.js';
import { openDelivery } from './publish/deliver.js';
import { publish, requirePublishable } from './publish/publish.js';
import type { TranscribeResult } from './result.js';
import { select } from './select/select.js';
import { stage } from './stage.js';
import { customAttributes } from './submit/attributes.js';
import { type Endpoint, readEndpoint } from './submit/endpoint.js';
import { requireAble } from './submit/model-limits.js';

/**
 * Sends the workspace's audio to the endpoint and publishes the transcripts. What has a transcript already is not sent;
 * what an earlier run has sent is collected; what is not finished in time is left to the next run.
 * @param grace fires some seconds after the context's signal: until then what is finished can still be brought home
 * @throws UserError when nothing could be begun: a bad glob, no endpoint, no access
 */
export async function transcribe(
  context: Context,
  settings: TranscribeSettings,
  grace: AbortSignal,
): Promise<TranscribeResult> {
  const { clients, account, clock, log, signal } = context;
  const until = clock.now() + settings.waitMinutes * 60_000;
  let asked: Promise<Endpoint> | undefined;
  const endpointOnce = () => (asked ??= readEndpoint(context, settings.endpointName));
  const { found } = await select(context, settings, endpointOnce);
  if (found.length === 0 && settings.forget.length === 0) return { files: [], instances: [] };
  const paths = found.map(({ path }) => path);
  await requirePublishable(context, settings);
  // The client that comes next loads while AWS answers.
  const [endpoint] = await Promise.all([endpointOnce(), clients.s3()]);

  const objects = await openBucket(clients, endpoint.bucket, account, signal);
  const published = await readPublished(objects, publishedKey(endpoint.prefix, repositoryOf(settings, process.env)));
  const delivery = openDelivery(context, settings, published);
  const check = (options: TranscriptionOptions) => {
    customAttributes(options);
    requireAble(endpoint.model, options);
  };
  const audio = await examineAll(context, settings, found, check, delivery.refuse);

  const ledger = openLedger(objects, endpoint.prefix);
  const { modelRevision, transcriber } = endpoint;
  const identityOf = ({ identity, options }: Audio) => ({ audio: identity, options, modelRevision, transcriber });
  const progress = openProgress(context, endpoint);
  const send = async () => {
    const staged = await stage({ ledger, settings, delivery, identityOf }, audio);
    log.info(`${paths.length} audio files: ${staged.waiting.length} to send, ${staged.open.size} under way.`);
    if (staged.kept > 0) log.info(`${staged.kept} keep the transcript of another model or other options (input redo).`);
    const sender = { context, ledger, endpoint, owner: runName(process.env) };
    const watch = watchEndpoint(context, endpoint.name);
    await watch.alarm(endpoint.description);
    await collect({ sender, staged, deliver: delivery.deliver, watch, progress }, until);
  };
  // What was finished until an error is published all the same: nobody pays for it again, but somebody waits for it.
  const problem = await send().then(
    () => undefined,
    (error: unknown) => problemOf(error, signal),
  );
  delivery.leave(audio);
  tellCorrected(delivery.corrected(), log);

  const files = delivery.reports();
  // Before the transcripts are out: what is pushed must be known as ours.
  await published.save(await openBucket(clients, endpoint.bucket, account, grace)).catch((error: Error) => {
    log.warning(`What was written could not be noted: ${error.message} The next run reads the results again.`);
  });
  return {
    files,
    instances: [...progress.instances],
    ...(await publish(context, settings, files)),
    ...(problem && { problem }),
  };
}

const MOST_NAMED = 10;

function tellCorrected(paths: readonly string[], log: Context['log']): void {
  if (paths.length === 0) return;
  const named = paths.slice(0, MOST_NAMED).map(shown).join(', ');
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : '';
  log.notice(`Left as somebody has corrected them: ${named}${more}. overwrite: true writes them anew.`);
}

/** Whose transcripts these are: a checkout in a folder of the workspace may be another repository. */
function repositoryOf({ workspace }: TranscribeSettings, environment: NodeJS.ProcessEnv): string {
  const { GITHUB_REPOSITORY, GITHUB_WORKSPACE } = environment;
  if (!GITHUB_REPOSITORY || !GITHUB_WORKSPACE) return workspace;
  return `${GITHUB_REPOSITORY}/${relative(GITHUB_WORKSPACE, workspace).replaceAll(sep, '/')}`;
}

/** Who claims a job, for a person who reads the ledger. */
function runName({ GITHUB_REPOSITORY, GITHUB_RUN_ID }: NodeJS.ProcessEnv): string {
  return GITHUB_REPOSITORY && GITHUB_RUN_ID ? `${GITHUB_REPOSITORY}/${GITHUB_RUN_ID}` : `local/${randomUUID()}`;
}
