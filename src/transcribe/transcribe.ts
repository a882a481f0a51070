import { randomUUID } from 'node:crypto';
import { relative, sep } from 'node:path';
import { type Objects, openBucket } from '../aws/objects.js';
import type { Context } from '../context.js';
import { Interrupted, type UserError } from '../errors.js';
import { openEpisodes } from '../ledger/episodes.js';
import { openLedger } from '../ledger/ledger.js';
import { type Published, publishedKey, readPublished } from '../ledger/published.js';
import { once } from '../once.js';
import { plural } from '../plural.js';
import type { TranscribeSettings, TranscriptionOptions } from '../settings/transcribe.js';
import { withAnnotations } from './annotations.js';
import type { Audio } from './audio.js';
import { collect, type Ended } from './collect/collect.js';
import { openProgress, type Progress } from './collect/progress.js';
import { watchEndpoint } from './collect/watch.js';
import { examineAll } from './examine/all.js';
import { type Forgotten, forget } from './forget.js';
import { episodesAudio, markPublished, settleEpisodes } from './podcast/episodes.js';
import { writeFeeds } from './podcast/feed-files.js';
import { openPodcasts, type Podcasts } from './podcast/shows.js';
import { problemOf } from './problem.js';
import { type Delivery, openDelivery } from './publish/deliver.js';
import { publish, requirePublishable } from './publish/publish.js';
import type { FileReport, InstanceCount, TranscribeResult } from './result.js';
import { select } from './select/select.js';
import { stage, takeInventory } from './stage.js';
import { customAttributes } from './submit/attributes.js';
import { type Endpoint, readEndpoint } from './submit/endpoint.js';
import { openJournal } from './submit/journal.js';
import { requireAble } from './submit/model-limits.js';

/**
 * Sends audio to the endpoint and publishes the transcripts. What has a transcript already is not sent; what an earlier
 * run has sent is collected; what is not finished in time is left to the next run.
 * @param grace fires some seconds after the context's signal: until then what is finished can still be brought home
 * @throws UserError when nothing could be begun: a bad glob, no endpoint, no access
 */
export async function transcribe(
  given: Context,
  settings: TranscribeSettings,
  grace: AbortSignal,
): Promise<TranscribeResult> {
  const context = await withAnnotations(given, settings.workspace);
  const home = await bringHome(context, settings, grace);
  if (!home) return { files: [], instances: [] };
  const { files, removed, feeds, endpoint, published, instances, ending } = home;
  // What was finished until an error is published all the same: nobody pays for it again, but somebody waits for it.
  const atLast = { ...context, signal: grace };
  const publication = await publish(atLast, settings, { files, removed, feeds, place: endpoint });
  if (!publication.problem && markPublished(settings, published, files)) await note(atLast, endpoint, published.save);
  const problem = context.signal.aborted
    ? stopped(context.signal, files)
    : 'failure' in ending && problemOf(ending.failure, context.signal);
  const why = files.some(({ state }) => state === 'pending') && 'why' in ending && { left: ending.why };
  return { files, instances, ...publication, ...why, ...(problem && { problem }) };
}

/** What lies in the workspace when no more is sent or collected. */
interface Home {
  files: FileReport[];
  /** Transcripts that were forgotten. */
  removed: string[];
  /** What was written for the feeds of podcasts. */
  feeds: string[];
  endpoint: Endpoint;
  published: Published;
  instances: InstanceCount[];
  /** Why it ended: the reason for which files are left, should any be, or an error. */
  ending: { why: string } | { failure: unknown };
}

/**
 * Brings the transcripts of all that is asked for into the workspace, as far as there is time. What it needs for that, of
 * ten thousand files, is not kept while they are published. Undefined: nothing is asked for.
 */
async function bringHome(
  context: Context,
  settings: TranscribeSettings,
  grace: AbortSignal,
): Promise<Home | undefined> {
  const until = context.clock.now() + settings.waitMinutes * 60_000;
  const endpointFolder = once(() => readEndpoint(context, settings.endpointName));
  const books = once(async () => openBooks(context, settings, await endpointFolder()));
  const pending = async () => (await books()).published.pending();
  const [{ found }, podcasts] = await Promise.all([
    select(context, settings, { endpointFolder, pending }),
    openPodcasts(context, settings.podcast),
  ]);
  if (found.length === 0 && !podcasts && settings.forget.length === 0) return undefined;
  await requirePublishable(context, settings);
  // The client that comes next loads while AWS answers.
  const [endpoint] = await Promise.all([endpointFolder(), context.clients.s3()]);

  const { ledger, published, records } = await books();
  const delivery = openDelivery(context, settings, published);
  for (const { path, reason } of podcasts?.refused ?? []) delivery.refuse(path, reason);
  const forgotten = await forget(context, settings, { ledger, published, records });
  const check = checkFor(endpoint);
  if (podcasts) check(settings.options);
  const examined = await examineAll(context, settings, found, check, delivery.refuse);
  const audio = examined.filter(({ identity }) => !forgotten.has(identity));

  const progress = openProgress(context, endpoint);
  const tools = {
    found: found.length,
    ledger,
    published,
    records,
    endpoint,
    delivery,
    forgotten,
    podcasts,
    progress,
    grace,
    until,
  };
  const ending = await sendAndCollect(context, settings, tools, audio).then(
    (ended) => ({ why: whyLeft(ended, settings) }),
    (failure: unknown) => ({ failure }),
  );
  delivery.leave(audio);
  delivery.tellCorrected();

  const files = delivery.reports();
  published.leave(pathsOf(files), pathsOf(files.filter(({ state }) => state === 'pending')));
  const last = { ...context, signal: grace };
  await note(last, endpoint, async (objects) => {
    await published.save(objects);
    await settleEpisodes(
      openEpisodes(objects, endpoint.prefix, repositoryOf(settings, process.env)),
      published,
      audio,
      files,
    );
  });
  const feeds = await writeFeeds(context, settings, published, podcasts?.shows ?? []);
  return { files, removed: forgotten.removed, feeds, endpoint, published, instances: [...progress.instances], ending };
}

type Books = Awaited<ReturnType<typeof openBooks>>;

interface Tools extends Books {
  /** How many files and objects were found. */
  found: number;
  endpoint: Endpoint;
  delivery: Delivery;
  forgotten: Forgotten;
  podcasts: Podcasts | undefined;
  progress: Progress;
  grace: AbortSignal;
  /** Milliseconds since the epoch. */
  until: number;
}

/** @param audio of files and objects; that of episodes is added */
async function sendAndCollect(
  context: Context,
  settings: TranscribeSettings,
  tools: Tools,
  audio: Audio[],
): Promise<Ended> {
  const { ledger, endpoint, delivery, forgotten, podcasts, progress, grace, until } = tools;
  const inventory = await takeInventory(ledger);
  const identityOf = identityFor(endpoint);
  const before = audio.length;
  if (podcasts) {
    const episodes = await episodesAudio(context, settings, { ...tools, inventory, identityOf, podcasts }, audio);
    audio.push(...episodes.filter(({ identity }) => !forgotten.has(identity)));
  }
  const staged = await stage({ ledger, settings, delivery, identityOf }, audio, inventory);
  tellStaged(context, tools.found + audio.length - before, staged);
  const closing = openLedger(await openEndpointBucket({ ...context, signal: grace }, endpoint), endpoint.prefix);
  const journal = openJournal(endpoint, process.env);
  const sender = { context, ledger, closing, grace, journal, endpoint, owner: runName(process.env) };
  const watch = watchEndpoint(context, endpoint.name);
  await watch.alarm(endpoint.description);
  return collect({ settings, sender, staged, deliver: delivery.deliver, watch, progress }, until);
}

const openEndpointBucket = ({ clients, account, signal }: Context, { bucket, kmsKeyId }: Endpoint) =>
  openBucket(clients, bucket, account, signal, kmsKeyId);

/** What the bucket knows of jobs, and of what was written into this repository. */
async function openBooks(context: Context, settings: TranscribeSettings, endpoint: Endpoint) {
  const objects = await openEndpointBucket(context, endpoint);
  const repository = repositoryOf(settings, process.env);
  const published = await readPublished(objects, publishedKey(endpoint.prefix, repository));
  const records = openEpisodes(objects, endpoint.prefix, repository);
  return { ledger: openLedger(objects, endpoint.prefix), published, records };
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

const checkFor =
  ({ model }: Endpoint) =>
  (options: TranscriptionOptions): void => {
    customAttributes(options);
    requireAble(model, options);
  };

const identityFor =
  ({ modelRevision, transcriber }: Endpoint) =>
  ({ identity, options }: Audio) => ({ audio: identity, options, modelRevision, transcriber });

type Staged = Awaited<ReturnType<typeof stage>>;

function tellStaged({ log }: Context, found: number, { waiting, open, kept }: Staged): void {
  const files = (count: number) => plural(count, 'audio file');
  log.info(`${files(found)} found: ${waiting.length} to send, ${open.size} under way already.`);
  if (kept === 0) return;
  log.info(
    `Kept, although another model or other options made it: the transcript of ${files(kept)}. \`redo: changed\` makes it anew.`,
  );
}

const pathsOf = (files: readonly FileReport[]): string[] => files.map(({ audio }) => audio);

/** Notes what is about to be published, so that it is known as ours. Without the note, the next run reads the results. */
async function note(context: Context, endpoint: Endpoint, write: (objects: Objects) => Promise<void>) {
  try {
    await write(await openEndpointBucket(context, endpoint));
  } catch (error) {
    context.log.warning(`What was written could not be noted in the bucket: ${(error as Error).message}`);
  }
}

/** Why files are left to the next run, should any be. */
function whyLeft(ended: Ended, { wait, waitMinutes }: TranscribeSettings): string {
  if (ended === 'credentials')
    return 'The AWS credentials ended before the work did; the input role-to-assume renews them.';
  return wait ? `The ${waitMinutes} minutes of wait-minutes are over.` : 'They were not waited for (wait: false).';
}

function stopped(signal: AbortSignal, files: readonly FileReport[]): UserError {
  const count = (...states: FileReport['state'][]) => files.filter(({ state }) => states.includes(state)).length;
  return new Interrupted(
    signal,
    `${count('transcribed', 'reused')} of ${files.length} files are done, ${count('pending')} are left.`,
    'Run the step again: it collects what the endpoint has finished by then and sends the rest. Nothing is paid for twice.',
  );
}
