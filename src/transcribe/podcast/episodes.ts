import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import type { Context } from '../../context.js';
import type { EpisodeRecords } from '../../ledger/episodes.js';
import { jobKey } from '../../ledger/key.js';
import type { Published } from '../../ledger/published.js';
import { plural } from '../../plural.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import type { Audio } from '../audio.js';
import type { Forgotten } from '../forget.js';
import type { Delivery } from '../publish/deliver.js';
import { isElsewhere } from '../publish/publication.js';
import type { FileReport } from '../result.js';
import { episodeName, transcriptPlace } from '../select/place.js';
import { type Fetching, fetchEpisodes, knownAudio } from './fetch.js';
import { openPlaces } from './places.js';
import { type Candidate, candidatesOf, MOST_TRIES, type NeedsNoAudio, type Roster, rosterOf } from './roster.js';
import type { Podcasts } from './shows.js';

/** What episodes are looked up in, and who takes those that cannot be sent. */
export interface Desk extends Pick<Fetching, 'ledger' | 'inventory' | 'identityOf' | 'records'> {
  podcasts: Podcasts;
  published: Published;
  delivery: Pick<Delivery, 'refuse' | 'isPublished'>;
  forgotten: Forgotten;
  /** When the run ends, in milliseconds since the epoch. */
  until: number;
}

/**
 * The audio of the episodes that the run is to look at: of the new ones it is downloaded and uploaded, of those that are
 * known by now what is known.
 * @param others the run's other audio
 */
export async function episodesAudio(
  context: Context,
  settings: TranscribeSettings,
  desk: Desk,
  others: readonly Audio[],
): Promise<Audio[]> {
  const { podcasts, published, records, delivery } = desk;
  const { clock } = context;
  const candidates = await candidatesOf(podcasts.shows, settings, records, published, desk.forgotten.episodes);
  const roster = rosterOf(candidates, settings, needsNoAudio(settings, desk));
  const known = roster.known
    .map((candidate) => knownOf(candidate, settings))
    .filter((audio) => !delivery.isPublished(audio));
  const places = openPlaces(published, candidates, elsewhere(settings, others));
  tell(context, roster);
  // The runner empties its own folder before and after each job: what a kill leaves goes as well.
  const folder = await realpath(await mkdtemp(join(process.env['RUNNER_TEMP'] || tmpdir(), 'episodes-')));
  try {
    const fetching = { ...desk, context, settings, http: podcasts.http, places, folder, refuse: delivery.refuse };
    // What is downloaded wants to be transcribed, too.
    const until = (clock.now() + desk.until) / 2;
    const { audio, left } = await fetchEpisodes(fetching, roster.wanted, until);
    if (left > 0) context.log.info(`Half of the time is over: ${plural(left, 'download')} are left to the next run.`);
    return [...known, ...audio];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A note has all that a transcription needs to be found; a record has what is needed to go on with one. */
function knownOf(candidate: Candidate, settings: TranscribeSettings): Audio {
  const { note, record, facts, told } = candidate;
  if (note) {
    const { audio: sha256, duration, path } = note;
    const audio = {
      sha256,
      bytes: 0,
      contentType: 'application/octet-stream',
      ...(duration > 0 && { seconds: duration }),
    };
    return knownAudio(facts, audio, episodeName(path), settings);
  }
  if (!record?.audio || record.name === undefined) throw new Error(`Nothing is known of ${told.title}.`);
  return knownAudio({ ...facts, recorded: true }, record.audio, record.name, settings);
}

function needsNoAudio(
  settings: TranscribeSettings,
  { inventory: { finished, uploads }, identityOf }: Pick<Desk, 'inventory' | 'identityOf'>,
): NeedsNoAudio {
  const { redo, retryFailed } = settings;
  return ({ note }, sha256) => {
    const isRefused = note?.refused !== undefined;
    const now = jobKey(identityOf({ identity: sha256, options: settings.options }));
    const key = redo === 'never' && note && !isRefused ? note.key : now;
    if (uploads.has(key)) return true;
    return finished.has(key) && redo !== 'all' && !(isRefused && retryFailed);
  };
}

/** Places of the transcripts of files and objects. */
function elsewhere({ outputFolder }: TranscribeSettings, others: readonly Audio[]): (name: string) => boolean {
  const places = new Set(others.map(({ path }) => transcriptPlace(path, outputFolder)));
  return (name) => places.has(posix.join(outputFolder, name));
}

const MOST_NAMED = 5;

function tell({ log }: Context, { known, wanted, later, transcribed, refused, givenUp }: Roster): void {
  const rest = later > 0 ? `, and ${later} for later runs (\`max-episodes\`)` : '';
  log.info(`${plural(wanted.length, 'episode')} to download, ${known.length} known already${rest}.`);
  const named = (candidates: readonly Candidate[]) =>
    candidates
      .slice(0, MOST_NAMED)
      .map(({ told }) => `"${shown(told.title)}"`)
      .join(', ') + (candidates.length > MOST_NAMED ? ` and ${candidates.length - MOST_NAMED} more` : '');
  if (transcribed.length > 0) {
    const remedy = '`transcribed-episodes: include` takes them all the same.';
    log.info(`${plural(transcribed.length, 'episode')} whose feed has a transcript already: skipped. ${remedy}`);
  }
  const left = [...refused, ...givenUp];
  if (left.length > 0) {
    log.notice(
      `Left out: ${named(left)}. The container refused them, or they could not be had in ${MOST_TRIES} runs. \`retry-failed: true\` tries again.`,
    );
  }
}

/**
 * After the notes were saved: an episode that is noted needs no record any more, and one that failed is counted, so that it
 * is not tried for ever.
 */
export async function settleEpisodes(
  records: EpisodeRecords,
  published: Published,
  audio: readonly Audio[],
  files: readonly FileReport[],
): Promise<void> {
  const noted = new Set([...published.entries()].map(([, { episode }]) => episode?.key));
  const failed = new Set(files.filter(({ state }) => state === 'failed').map(({ audio: path }) => path));
  const recorded = audio.flatMap(({ path, episode }) => (episode?.recorded ? { path, key: episode.key } : []));
  const over: string[] = [];
  for (const { path, key } of recorded) {
    if (noted.has(key)) over.push(key);
    else if (failed.has(path)) {
      const { name, failed: before } = (await records.read(key)) ?? {};
      const reason = files.find(({ audio: other }) => other === path)?.reason ?? '';
      await records.write(key, {
        version: 1,
        ...(name !== undefined && { name }),
        failed: { times: (before?.times ?? 0) + 1, reason },
      });
    }
  }
  await records.remove(over);
}

/**
 * After the transcripts were published: marks the notes of those that a fresh checkout does not have.
 * @returns whether there are any that were not marked before
 */
export function markPublished(
  { publish, outputFolder }: Pick<TranscribeSettings, 'publish' | 'outputFolder'>,
  published: Published,
  files: readonly FileReport[],
): boolean {
  if (!isElsewhere(publish)) return false;
  let marked = false;
  for (const { audio, state } of files) {
    const place = transcriptPlace(audio, outputFolder);
    const entry = published.get(place);
    if (state === 'failed' || !entry?.episode || entry.episode.published) continue;
    published.set(place, { ...entry, episode: { ...entry.episode, published: true } });
    marked = true;
  }
  return marked;
}
