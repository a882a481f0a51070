import { forEach } from '../../each.js';
import type { EpisodeRecord, EpisodeRecords } from '../../ledger/episodes.js';
import type { Published, PublishedFile } from '../../ledger/published.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { wantedEpisodes } from './filter.js';
import type { Show, ShowEpisode } from './shows.js';

/** An episode that a run looks at. */
export interface Candidate extends ShowEpisode {
  show: Show;
  /** What was written of it into this repository. */
  note?: PublishedFile;
  /** What is known of it while nothing is noted. */
  record?: EpisodeRecord;
}

/** What a run does with the episodes that are asked for. */
export interface Roster {
  /** Their audio is known and need not be had. */
  known: Candidate[];
  /** To be downloaded: the newest first, feed by feed. */
  wanted: Candidate[];
  /** How many are left to later runs by `max-episodes`. */
  later: number;
  /** Those whose feed has a transcript, that were refused by the container, and that were tried too often. */
  transcribed: Candidate[];
  refused: Candidate[];
  givenUp: Candidate[];
}

/** A passing fault is over by the next run, and a schedule must not be red for ever. */
export const MOST_TRIES = 3;

/** Whether a transcription can go on without the audio: it is done, or what is to be sent is in the bucket. */
export type NeedsNoAudio = (candidate: Candidate, sha256: string) => boolean;

type Settings = Pick<TranscribeSettings, 'podcast' | 'retryFailed'>;

/** Sorts episodes by what the ledger knows of them. Pure. */
export function rosterOf(candidates: readonly Candidate[], settings: Settings, needsNoAudio: NeedsNoAudio): Roster {
  const roster: Roster = { known: [], wanted: [], later: 0, transcribed: [], refused: [], givenUp: [] };
  const counts = new Map<Show, number>();
  for (const candidate of candidates) {
    const { show, note, record } = candidate;
    const sha256 = note?.audio ?? record?.audio?.sha256;
    const count = counts.get(show) ?? 0;
    if (!note && !record && isTranscribed(candidate, settings)) roster.transcribed.push(candidate);
    else if (note?.refused !== undefined && !settings.retryFailed) roster.refused.push(candidate);
    else if (sha256 !== undefined && needsNoAudio(candidate, sha256)) roster.known.push(candidate);
    else if ((record?.failed?.times ?? 0) >= MOST_TRIES && !settings.retryFailed) roster.givenUp.push(candidate);
    else if (count === settings.podcast.maxEpisodes) roster.later++;
    else {
      roster.wanted.push(candidate);
      counts.set(show, count + 1);
    }
  }
  return roster;
}

/** By somebody else: a copy of the feed that we made has tags of ours. */
const isTranscribed = ({ told }: Candidate, { podcast }: Settings): boolean =>
  podcast.transcribed === 'skip' &&
  told.transcripts.some(({ url }) => podcast.publicBaseUrl === undefined || !url.startsWith(podcast.publicBaseUrl));

const READS_AT_ONCE = 8;

/**
 * The episodes that are asked for, with their notes, and the records of those that have none: one listing, and a read
 * for each that is begun. What a record was needed for is over once there is a note: such ones are removed.
 * @param forgotten keys of episodes that are not looked at
 */
export async function candidatesOf(
  shows: readonly Show[],
  settings: Settings,
  records: EpisodeRecords,
  published: Published,
  forgotten: ReadonlySet<string>,
): Promise<Candidate[]> {
  const isWanted = wantedEpisodes(settings.podcast);
  const notes = new Map([...published.entries()].map(([, entry]) => [entry.episode?.key, entry]));
  const candidates = shows.flatMap((show) =>
    show.episodes
      .filter(({ key, told }) => isWanted(told) && !forgotten.has(key))
      .map((episode): Candidate => {
        const note = notes.get(episode.key);
        return { ...episode, show, ...(note && { note }) };
      }),
  );
  const unnoted = candidates.filter(({ note }) => !note);
  if (unnoted.length === 0) return candidates;
  const begun = await records.keys();
  await records.remove([...begun].filter((key) => notes.has(key)));
  const read = unnoted.filter(({ key }) => begun.has(key));
  await forEach(read, READS_AT_ONCE, async (candidate) => {
    const record = await records.read(candidate.key);
    if (record) candidate.record = record;
  });
  return candidates;
}
