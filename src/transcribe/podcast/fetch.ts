import { rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Context } from '../../context.js';
import { forEach } from '../../each.js';
import type { Http } from '../../feeds/http.js';
import type { EpisodeAudio, EpisodeRecords } from '../../ledger/episodes.js';
import { jobKey } from '../../ledger/key.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import type { Audio, AudioEpisode } from '../audio.js';
import { examine } from '../examine/examine.js';
import { MOST_BYTES } from '../examine/limits.js';
import { episodePath } from '../select/place.js';
import type { Inventory, Staging } from '../stage.js';
import { upload } from '../submit/upload.js';
import type { Places } from './places.js';
import { type Candidate, MOST_TRIES } from './roster.js';
import { reasonOf } from './secrets.js';

/** What has to be at hand to get episodes. */
export interface Fetching {
  context: Context;
  settings: TranscribeSettings;
  http: Http;
  ledger: Ledger;
  /** What the bucket has; uploads are added. */
  inventory: Inventory;
  identityOf: Staging['identityOf'];
  records: EpisodeRecords;
  places: Places;
  /** A folder of our own, itself without links, in which audio lies until it is uploaded. */
  folder: string;
  refuse(path: string, reason: string, episode: AudioEpisode): void;
}

const DOWNLOADS_AT_ONCE = 2;
/** Of a video, of which ffmpeg takes the audio: what the disk of a small runner holds. */
const MOST_VIDEO_BYTES = 4 * MOST_BYTES;

/**
 * Downloads episodes, examines them, writes down what they are, and uploads what is to be sent, so that the disk holds
 * two of them at most. What is killed in between is done again from there.
 * @param until milliseconds since the epoch after which no further download is begun
 * @returns what can be sent now, in the order of `wanted`, and how many were not begun
 */
export async function fetchEpisodes(
  fetching: Fetching,
  wanted: readonly Candidate[],
  until: number,
): Promise<{ audio: Audio[]; left: number }> {
  const { clock, signal } = fetching.context;
  const found = new Map<Candidate, Audio>();
  let left = 0;
  await forEach(wanted.entries(), DOWNLOADS_AT_ONCE, async ([number, candidate]) => {
    signal.throwIfAborted();
    if (clock.now() >= until) return void left++;
    const file = join(fetching.folder, `${number}${extensionOf(candidate.told.enclosure.url)}`);
    try {
      const audio = await fetchOne(fetching, candidate, file);
      if (audio) found.set(candidate, audio);
    } finally {
      await rm(file, { force: true });
    }
  });
  return { audio: wanted.flatMap((candidate) => found.get(candidate) ?? []), left };
}

/** Undefined: it could not be had, or is no audio; that is reported. */
async function fetchOne(fetching: Fetching, candidate: Candidate, file: string): Promise<Audio | undefined> {
  const { context, settings, records, places } = fetching;
  const found = await getAudio(fetching, candidate, file);
  if (typeof found === 'string') return void (await fail(fetching, candidate, found));
  const { bytes, identity: sha256, contentType, seconds, video, content } = found;
  context.log.info(`"${shown(candidate.told.title)}" was downloaded: ${(bytes / 1e6).toFixed(1)} MB.`);
  const name = places.take(candidate, sha256);
  const known: EpisodeAudio = {
    sha256,
    bytes,
    contentType,
    ...(seconds !== undefined && { seconds }),
    // Of what ffmpeg takes out there is no picture left.
    ...(video && content.kind === 'file' && !content.extract && { video }),
  };
  const { failed } = candidate.record ?? {};
  await records.write(candidate.key, { version: 1, name, audio: known, ...(failed && { failed }) });
  const audio = knownAudio({ ...candidate.facts, recorded: true }, known, name, settings);
  const reason = await uploadNeeded(fetching, audio, content);
  if (reason !== undefined) return void (await fail(fetching, candidate, reason));
  return audio;
}

/** The file as it is examined, or why it cannot be sent, in words. */
async function getAudio(
  { context: { signal }, settings, http, folder }: Fetching,
  { told, show }: Candidate,
  file: string,
): Promise<Audio | string> {
  const { options, speakers, extractAudio } = settings;
  const { download } = await import('../../feeds/download.js');
  const address = withCredentials(told.enclosure.url, show.feed.url);
  try {
    const mostBytes = extractAudio ? MOST_VIDEO_BYTES : MOST_BYTES;
    await download(http, address, file, { mostBytes, signal });
    const examined = await examine(folder, basename(file), { options, speakers: [...speakers] }, extractAudio, signal);
    return 'reason' in examined ? examined.reason : examined.audio;
  } catch (error) {
    signal.throwIfAborted();
    return reasonOf(error, [address, show.feed.url]);
  }
}

/** An episode by what is known of it; the audio is not here. */
export function knownAudio(
  episode: AudioEpisode,
  { sha256, bytes, contentType, seconds, video }: EpisodeAudio,
  name: string,
  { options, speakers }: Pick<TranscribeSettings, 'options' | 'speakers'>,
): Audio {
  return {
    path: episodePath(name),
    bytes,
    identity: sha256,
    content: { kind: 'episode' },
    contentType,
    ...(seconds !== undefined && { seconds }),
    ...(video && { video }),
    options,
    speakers,
    episode,
  };
}

/** Puts the audio into the bucket, unless it is there or its transcript is. Gives back why it cannot be, in words. */
async function uploadNeeded(
  { context, ledger, inventory, settings, identityOf }: Fetching,
  audio: Audio,
  content: Audio['content'],
): Promise<string | undefined> {
  const key = jobKey(identityOf(audio));
  if (inventory.uploads.has(key)) return undefined;
  if (inventory.finished.has(key) && settings.redo !== 'all') {
    if (!settings.retryFailed) return undefined;
    const ending = await ledger.readResult(key);
    if (ending && !('refused' in ending)) return undefined;
  }
  const reason = await upload({ context, ledger }, { key, audio: { ...audio, content } });
  if (reason === undefined) inventory.uploads.add(key);
  return reason;
}

/** Reports it, and remembers it: what fails several times in a row is left alone. */
async function fail({ records, places, refuse }: Fetching, candidate: Candidate, reason: string): Promise<void> {
  const before = candidate.record?.failed?.times ?? 0;
  // Whoever asks for a retry begins anew.
  const times = before >= MOST_TRIES ? 1 : before + 1;
  const name = candidate.record?.name;
  await records.write(candidate.key, { version: 1, ...(name !== undefined && { name }), failed: { times, reason } });
  const again =
    times < MOST_TRIES
      ? 'The next run tries again.'
      : `This was the last of ${MOST_TRIES} tries; \`retry-failed: true\` tries again.`;
  refuse(episodePath(places.take(candidate, undefined)), `${reason} ${again}`, candidate.facts);
}

/** The extension tells the container that it is audio; a strange one tells nothing. */
const extensionOf = (address: string): string =>
  /^\.[a-z0-9]{1,5}$/i.exec(extname(new URL(address).pathname))?.[0] ?? '';

/** A feed with a password has its episodes behind the same one as a rule, where they come from the same place. */
function withCredentials(address: string, feed: string): string {
  const [url, from] = [new URL(address), new URL(feed)];
  if (url.origin !== from.origin || url.username !== '' || url.password !== '') return address;
  url.username = from.username;
  url.password = from.password;
  return url.href;
}
