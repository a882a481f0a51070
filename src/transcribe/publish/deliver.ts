import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Context } from '../../context.js';
import { digestOf, type Published, type PublishedFile, withDigest } from '../../ledger/published.js';
import type { Format, TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { cueRules } from '../../transcript/cue-rules.js';
import { WRITERS_VERSION, writers } from '../../transcript/formats.js';
import type { Presentation } from '../../transcript/presentation.js';
import { countWords, type Transcript, textLanguage } from '../../transcript/transcript.js';
import type { Audio, AudioEpisode } from '../audio.js';
import { adviceFor } from '../examine/extraction-command.js';
import type { Deliver, Job, Outcome } from '../job.js';
import type { FileReport } from '../result.js';
import { audioUrl, transcriptPath, transcriptPlace } from '../select/place.js';
import { isElsewhere } from './publication.js';
import { readFileWithin, writeFileWithin } from './write.js';

/** Takes what became of each file: writes its transcripts into the workspace, annotates its failure, keeps the report. */
export interface Delivery {
  deliver: Deliver;
  /** Whether the workspace has all of a finished job, so that its result need not be read. Then it is reported. */
  keep(job: Job, retryFailed: boolean): Promise<boolean>;
  /**
   * Whether an episode's transcripts are, as they would be written now, where they were published to, which is not the
   * workspace: then they are not brought there again.
   */
  isPublished(audio: Audio): boolean;
  /** Key of the result that the file's transcript was made from, where the audio is still the same. */
  earlierKey(audio: Audio): string | undefined;
  /** A file that was never a job. */
  refuse(path: string, reason: string, episode?: AudioEpisode): void;
  /** What has no report yet is left to the next run. */
  leave(audio: readonly Audio[]): void;
  /** In the order of the paths. */
  reports(): FileReport[];
  /** Says which transcripts were left as somebody had corrected them. */
  tellCorrected(): void;
}

export function openDelivery(context: Context, settings: TranscribeSettings, published: Published): Delivery {
  const { log, signal } = context;
  const reports = new Map<string, FileReport>();
  const corrected = new Set<string>();
  const desk: Desk = { settings, published, corrected };
  const refuse: Delivery['refuse'] = (path, reason, episode) => {
    const told = { reason: shown(reason), ...(episode && { episode }) };
    reports.set(path, { audio: path, state: 'failed', ...told, transcripts: [] });
    const tell = settings.onError === 'warn' ? log.warning : log.error;
    tell(`${shown(path)}: ${shown(reason)}`, path);
  };
  const write = async (job: Job, audio: Audio, outcome: Exclude<Outcome, { state: 'failed' }>) => {
    const { transcript, state } = outcome;
    try {
      const entry = await writeTranscripts(desk, job, audio, transcript);
      const timing =
        outcome.state === 'transcribed' && outcome.timing && audio === job.files[0] ? outcome.timing : undefined;
      const report = { ...reportOf(desk, audio, entry), state: audio === job.files[0] ? state : 'reused' } as const;
      reports.set(audio.path, { ...report, ...(timing && { timing, ...inferenceOf(transcript) }) });
    } catch (error) {
      if (signal.aborted) throw error;
      refuse(audio.path, `Its transcript cannot be written: ${(error as Error).message}`, audio.episode);
    }
  };
  return {
    refuse,
    async deliver(job, outcome) {
      for (const audio of job.files) {
        if (outcome.state !== 'failed') await write(job, audio, outcome);
        else {
          const { reason, refused } = outcome;
          refuse(audio.path, refused ? refusal(audio, reason, refused) : reason, audio.episode);
          if (outcome.refused) remember(desk, job, audio, outcome.reason);
        }
      }
    },
    async keep(job, retryFailed) {
      const found = job.files.map((audio) => ({ audio, entry: published.get(placeOf(desk, audio)) }));
      for (const { audio, entry } of found) {
        if (!entry || entry.key !== job.key || entry.audio !== audio.identity) return false;
        if (entry.refused !== undefined ? retryFailed : !(await isWhole(desk, audio, entry))) return false;
      }
      for (const { audio, entry } of found as { audio: Audio; entry: PublishedFile }[]) {
        if (entry.refused !== undefined) refuse(audio.path, refusal(audio, entry.refused, 'before'));
        else reports.set(audio.path, { ...reportOf(desk, audio, entry), state: 'reused' });
      }
      return true;
    },
    isPublished: (audio) => isPublished(desk, audio),
    earlierKey(audio) {
      const entry = published.get(placeOf(desk, audio));
      return entry?.audio === audio.identity && entry.refused === undefined ? entry.key : undefined;
    },
    leave(files) {
      for (const { path, episode } of files) {
        if (reports.has(path)) continue;
        reports.set(path, { audio: path, state: 'pending', transcripts: [], ...(episode && { episode }) });
      }
    },
    reports: () => [...reports.values()].sort((a, b) => (a.audio < b.audio ? -1 : 1)),
    tellCorrected: () => tellCorrected([...corrected], log),
  };
}

/** Why the container refused audio, and what to do. */
function refusal(audio: Audio, reason: string, when: 'now' | 'before'): string {
  const again = when === 'before' ? ' It was refused in an earlier run; `retry-failed: true` sends it again.' : '';
  return `${reason}${adviceFor(audio)}${again}`;
}

const MOST_NAMED = 10;

function tellCorrected(paths: readonly string[], log: Context['log']): void {
  if (paths.length === 0) return;
  const named = paths.slice(0, MOST_NAMED).map(shown).join(', ');
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : '';
  log.notice(`Left as somebody has corrected them: ${named}${more}. \`overwrite: true\` writes them anew.`);
}

interface Desk {
  settings: TranscribeSettings;
  published: Published;
  corrected: Set<string>;
}

const placeOf = ({ settings }: Desk, { path }: Audio): string => transcriptPlace(path, settings.outputFolder);

const pathsOf = ({ settings }: Desk, { path }: Audio): [Format, string][] =>
  settings.formats.map((format) => [format, transcriptPath(path, settings.outputFolder, format)]);

function reportOf(desk: Desk, audio: Audio, entry: PublishedFile): Omit<FileReport, 'state'> {
  const { duration, language, words } = entry;
  const transcripts = pathsOf(desk, audio).map(([, path]) => path);
  return {
    audio: audio.path,
    duration,
    language,
    words,
    transcripts,
    ...(audio.episode && { episode: audio.episode }),
  };
}

/** Whether every transcript is there, either as it was written last or as somebody corrected it. */
async function isWhole(desk: Desk, audio: Audio, entry: PublishedFile): Promise<boolean> {
  const { settings, corrected } = desk;
  if (entry.look !== lookOf(settings, audio)) return false;
  const theirs: string[] = [];
  for (const [format, path] of pathsOf(desk, audio)) {
    const content = await readFileWithin(settings.workspace, path);
    if (!content) return false;
    const [newest, ...older] = entry.digests[format] ?? [];
    const digest = digestOf(content);
    if (newest === undefined || older.includes(digest)) return false;
    if (digest !== newest) theirs.push(path);
  }
  if (theirs.length > 0 && settings.overwrite) return false;
  for (const path of theirs) corrected.add(path);
  return true;
}

function isPublished({ settings, published }: Desk, audio: Audio): boolean {
  const { publish, redo, overwrite, formats, outputFolder } = settings;
  const entry = published.get(transcriptPlace(audio.path, outputFolder));
  return (
    isElsewhere(publish) &&
    redo === 'never' &&
    !overwrite &&
    entry?.episode?.published === true &&
    entry.audio === audio.identity &&
    entry.look === lookOf(settings, audio) &&
    formats.every((format) => entry.digests[format] !== undefined)
  );
}

/** Writes what is not there yet, and over what this action has written itself. */
async function writeTranscripts(desk: Desk, job: Job, audio: Audio, transcript: Transcript): Promise<PublishedFile> {
  const { settings, published, corrected } = desk;
  const place = placeOf(desk, audio);
  const before = published.get(place);
  const shape = presentationOf(settings, audio, textLanguage(transcript));
  const digests: Record<string, string[]> = { ...before?.digests };
  for (const [format, path] of pathsOf(desk, audio)) {
    const content = writers[format](transcript, shape);
    const existing = await readFileWithin(settings.workspace, path);
    digests[format] = withDigest(digests[format], digestOf(content));
    if (existing && !settings.overwrite && !digests[format].includes(digestOf(existing))) corrected.add(path);
    else await writeFileWithin(settings.workspace, path, content);
  }
  const { duration, language } = transcript;
  const entry = {
    path: audio.path,
    audio: audio.identity,
    key: job.key,
    look: lookOf(settings, audio),
    digests,
    duration,
    language,
    words: countWords(transcript),
    ...episodeOf(audio),
  };
  published.set(place, entry);
  return entry;
}

/** So that the next run knows without a request. */
function remember(desk: Desk, { key }: Job, audio: Audio, refused: string): void {
  const { published } = desk;
  const place = placeOf(desk, audio);
  const known = published.get(place) ?? { look: '', digests: {}, duration: 0, language: '', words: 0 };
  published.set(place, { ...known, path: audio.path, audio: audio.identity, key, refused, ...episodeOf(audio) });
}

const episodeOf = ({ episode }: Audio): Pick<PublishedFile, 'episode'> =>
  episode ? { episode: { key: episode.key, feed: episode.feed } } : {};

function presentationOf(settings: TranscribeSettings, audio: Audio, language: string): Presentation {
  const { cues, audioBaseUrl, outputFolder } = settings;
  const { episode } = audio;
  const url = episode ? episode.audioUrl : audioUrl(audio.path, outputFolder, audioBaseUrl);
  return {
    title: episode?.title ?? posix.parse(audio.path).name,
    ...(episode && { episode }),
    ...(url !== undefined && { audioUrl: url }),
    cues: cueRules(cues.preset, language, cues.rules),
    speakers: audio.speakers,
  };
}

/** Of all that the transcripts' content depends on besides the result. */
function lookOf(settings: TranscribeSettings, audio: Audio): string {
  const { cues, outputFolder, audioBaseUrl } = settings;
  const { episode, speakers, path } = audio;
  const all = [
    WRITERS_VERSION,
    cues,
    ...(episode ? factsOf(episode) : [audioUrl(path, outputFolder, audioBaseUrl)]),
    speakers,
    path,
  ];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
}

/** Some hosts give each reader of a feed another query: that alone is no reason to write anew. */
const factsOf = ({ podcast, title, published, link, guid, audioUrl: url }: AudioEpisode) => [
  podcast,
  title,
  published,
  link,
  guid,
  url?.replace(/\?.*$/s, ''),
];

/** Seconds that the container says it took. */
function inferenceOf({ timings }: Transcript): { inference?: number } {
  const total = (timings as { total?: unknown } | undefined)?.total;
  return typeof total === 'number' && total >= 0 ? { inference: total } : {};
}
