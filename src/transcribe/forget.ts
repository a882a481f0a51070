import type { Context } from '../context.js';
import { forEach } from '../each.js';
import { type EpisodeRecords, parseEpisode } from '../ledger/episodes.js';
import type { Ledger } from '../ledger/ledger.js';
import { type Published, readPublished } from '../ledger/published.js';
import { type Matches, matcher } from '../matcher.js';
import { formats, type TranscribeSettings } from '../settings/transcribe.js';
import { examineAll } from './examine/all.js';
import { removeFileWithin } from './publish/write.js';
import { matchingFiles } from './select/files.js';
import { parseGlobs, sourceMatcher } from './select/globs.js';
import { episodeName, episodePath, isEpisodePath, transcriptPath } from './select/place.js';
import { outputJob } from './stage.js';

export interface Forgotten {
  /** Whether audio is forgotten, by its identity: it is not sent either. */
  has(identity: string): boolean;
  /** Keys of the episodes that are not looked at in this run. */
  episodes: ReadonlySet<string>;
  /** Paths in the workspace of what was removed there. */
  removed: string[];
}

const CONCURRENCY = 16;

/**
 * Removes all that the bucket and the workspace have of some audio, whatever options, model or repository it was
 * transcribed with: results, uploads, claims, answers, notes, transcripts. Every result is read, since only its content
 * tells whose it is. What git's history has stays there.
 */
export async function forget(
  context: Context,
  settings: TranscribeSettings,
  { ledger, published, records }: { ledger: Ledger; published: Published; records: EpisodeRecords },
): Promise<Forgotten> {
  const episodes = new Set<string>();
  if (settings.forget.length === 0) return { has: () => false, episodes, removed: [] };
  const matches = anyMatcher(settings.forget);
  const audio = await presentAudio(context, settings);
  for (const [, { path, audio: identity, episode }] of published.entries()) {
    if (!matches(path)) continue;
    audio.add(identity);
    if (episode) episodes.add(episode.key);
  }
  for (const [key, sha256] of await begunEpisodes(records, matches)) {
    audio.add(sha256);
    episodes.add(key);
  }
  const has = (identity: string) => audio.has(identity) || (/^s3:/.test(identity) && matches(addressOf(identity)));

  const removed = await removeTranscripts(settings, published, has);
  const keys = await removeObjects(ledger, has);
  await removeNotes(ledger, has);
  context.log.info(
    `Forgotten: ${keys} results and jobs in the bucket, ${removed.length} transcripts in the workspace.`,
  );
  return { has, episodes, removed };
}

/** For globs of files, of objects and of episodes (podcast://show/name). */
function anyMatcher(globs: readonly string[]): Matches {
  const isOfEpisodes = (glob: string) => isEpisodePath(glob.replace(/^!/, ''));
  const ofEpisodes = globs.filter(isOfEpisodes);
  const names = (negated: boolean) =>
    ofEpisodes
      .filter((glob) => glob.startsWith('!') === negated)
      .map((glob) => episodeName(negated ? glob.slice(1) : glob));
  const [isWanted, isUnwanted] = [matcher(names(false)), matcher(names(true))];
  const isSource = sourceMatcher(globs.filter((glob) => !isOfEpisodes(glob)));
  return (path) => {
    if (!isEpisodePath(path)) return isSource(path);
    const name = episodeName(path);
    return isWanted(name) && !isUnwanted(name);
  };
}

/** Those of this repository that are not noted yet, with their audio. */
async function begunEpisodes(records: EpisodeRecords, matches: Matches): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const key of await records.keys()) {
    const { name, audio } = (await records.read(key)) ?? {};
    if (name !== undefined && audio && matches(episodePath(name))) found.set(key, audio.sha256);
  }
  return found;
}

/** Identities of the files that are still in the workspace. */
async function presentAudio(context: Context, settings: TranscribeSettings): Promise<Set<string>> {
  const globs = settings.forget.filter((glob) => !isEpisodePath(glob.replace(/^!/, '')));
  const paths = await matchingFiles(settings.workspace, parseGlobs(globs, []).files, () => false);
  const nothing = () => undefined;
  const sources = paths.map((path) => ({ kind: 'file', path }) as const);
  const found = await examineAll(context, settings, sources, nothing, nothing);
  return new Set(found.map(({ identity }) => identity));
}

const addressOf = (identity: string): string => identity.replace(/#[^#]*$/, '');

type Has = Forgotten['has'];

async function removeTranscripts(
  { workspace, outputFolder }: Pick<TranscribeSettings, 'workspace' | 'outputFolder'>,
  published: Published,
  has: Has,
): Promise<string[]> {
  const removed: string[] = [];
  for (const [place, { path, audio }] of [...published.entries()]) {
    if (!has(audio)) continue;
    for (const format of formats) {
      const file = transcriptPath(path, outputFolder, format);
      if (await removeFileWithin(workspace, file)) removed.push(file);
    }
    published.delete(place);
  }
  return removed;
}

/** The number of jobs of which something was removed. */
async function removeObjects(ledger: Ledger, has: Has): Promise<number> {
  const [finished, claims] = await Promise.all([ledger.finished(), ledger.claims()]);
  const keys = new Set<string>();
  const inferences: string[] = [];
  await forEach(finished, CONCURRENCY, async (key) => {
    const result = await ledger.readResult(key);
    if (result && has(result.audio)) keys.add(key);
  });
  await forEach(claims.keys(), CONCURRENCY, async (key) => {
    const claim = (await ledger.readClaim(key))?.claim;
    if (!claim || !has(claim.audio)) return;
    keys.add(key);
    inferences.push(claim.inferenceId);
  });
  const [outputs, failures] = await Promise.all([ledger.outputs(), ledger.failures()]);
  const answers = [
    ...outputs.filter(({ key }) => keys.has(outputJob(key) ?? '')),
    ...failures.filter(({ key }) => inferences.some((id) => key.includes(id))),
  ].map(({ key }) => key);
  const own = [...keys].flatMap((key) => [ledger.resultKey(key), ledger.claimKey(key), ledger.inputKey(key)]);
  const records: string[] = [];
  for (const key of await ledger.episodeKeys()) {
    const { audio } = parseEpisode((await ledger.objects.readText(key))?.text ?? '') ?? {};
    if (audio && has(audio.sha256)) records.push(key);
  }
  await ledger.objects.remove([...answers, ...own, ...records]);
  return keys.size;
}

/** Other repositories may have had the same audio. */
async function removeNotes(ledger: Ledger, has: Has): Promise<void> {
  for (const key of await ledger.publishedKeys()) {
    const notes = await readPublished(ledger.objects, key);
    for (const [place, { audio }] of [...notes.entries()]) if (has(audio)) notes.delete(place);
    await notes.save(ledger.objects);
  }
}
