import { posix } from 'node:path';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { type Matches, matcher } from '../../matcher.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { extensions } from '../../transcript/formats.js';
import { OPTIONS_FILE } from '../examine/options.js';
import { changedFiles } from './changed.js';
import { collisions, lookAlikes } from './collisions.js';
import { matchingFiles } from './files.js';
import { parseGlobs } from './globs.js';
import { nothingFound } from './nothing-found.js';
import { matchingObjects } from './objects.js';
import type { Selection, Source } from './source.js';

/** Where the endpoint keeps what is its own. */
export interface EndpointFolder {
  bucket: string;
  /** With a slash at its end. */
  prefix: string;
}

export interface Earlier {
  endpointFolder(): Promise<EndpointFolder>;
  /** Paths of audio that earlier runs have left to later ones. */
  pending(): Promise<ReadonlySet<string>>;
}

/**
 * The files of the workspace and the objects in S3 that the run is to look at.
 * @param earlier what is known of the endpoint and of earlier runs; each is asked for only when it matters
 * @throws UserError when a glob cannot be used, two inputs would share a transcript, or nothing is found and that is to fail
 */
export async function select(context: Context, settings: TranscribeSettings, earlier: Earlier): Promise<Selection> {
  const { files, exclude, workspace } = settings;
  if (files.length === 0) return { found: [] };
  const globs = parseGlobs(files, exclude);
  const ours = {
    file: ownFile(settings),
    object: ownObject(settings, await folderIf(globs.objects, earlier.endpointFolder)),
  };
  const paths = await matchingFiles(workspace, globs.files, ours.file);
  const found: Source[] = [
    ...paths.map((path) => ({ kind: 'file', path }) as const),
    ...(await matchingObjects(context, globs.objects, ours.object)),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  if (found.length === 0)
    tell(await nothingFound(context, settings, globs, ours), settings.ifNoFilesFound, context.log);
  const taken = settings.changedOnly ? await onlyChanged(context, settings, found, earlier) : found;
  refuseCollisions(found, taken, settings, context.log);
  return { found: taken };
}

/** Objects are no part of a push: they stay, and so does what an earlier run has sent and nobody has collected. */
async function onlyChanged(
  context: Context,
  settings: TranscribeSettings,
  found: Source[],
  earlier: Earlier,
): Promise<Source[]> {
  if (!found.some(({ kind }) => kind === 'file')) return found;
  const changed = await changedFiles(context, settings, process.env);
  const pending = await earlier.pending();
  const taken = found.filter(({ kind, path }) => kind === 'object' || changed(path) || pending.has(path));
  context.log.info(`changed-only: ${taken.length} of ${found.length} files.`);
  return taken;
}

const folderIf = async ({ wanted }: { wanted: string[] }, endpointFolder: () => Promise<EndpointFolder>) =>
  wanted.length > 0 ? endpointFolder() : undefined;

/** Options beside the audio, and transcripts; those that lie among the audio are known by their endings only. */
function ownFile({ outputFolder, formats }: TranscribeSettings): Matches {
  const options = matcher([`**/${OPTIONS_FILE}`], { dot: true });
  const folder = posix.normalize(outputFolder);
  const transcripts =
    folder === '.' ? matcher(endings(formats), { dot: true }) : (path: string) => path.startsWith(`${folder}/`);
  return (path) => options(path) || transcripts(path);
}

/** What the endpoint keeps in its bucket, and transcripts that are published to S3. */
function ownObject({ publish, publishTo, formats }: TranscribeSettings, endpoint?: EndpointFolder): Matches {
  const folders = endpoint ? [`s3://${endpoint.bucket}/${endpoint.prefix}`] : [];
  if (publish !== 's3' || publishTo === undefined) return (path) => folders.some((folder) => path.startsWith(folder));
  const { bucket, prefix } = publishTo;
  if (prefix !== '') folders.push(`s3://${bucket}/${prefix}/`);
  const transcript = prefix === '' ? matcher(endings(formats), { dot: true }) : () => false;
  return (path) => transcript(path) || folders.some((folder) => path.startsWith(folder));
}

const endings = (formats: TranscribeSettings['formats']): string[] =>
  formats.map((format) => `**/*.${extensions[format]}`);

function tell(problem: UserError, how: TranscribeSettings['ifNoFilesFound'], log: Context['log']): void {
  if (how === 'fail') throw problem;
  const line = `${problem.message} ${problem.remedy}`;
  if (how === 'warn') log.warning(line);
  else log.info(line);
}

/** Groups of which nothing is taken are an old matter. */
function refuseCollisions(
  found: readonly Source[],
  taken: readonly Source[],
  settings: TranscribeSettings,
  log: Context['log'],
): void {
  const paths = found.map(({ path }) => path);
  const now = new Set(taken.map(({ path }) => path));
  const concerns = (group: string[]) => group.some((path) => now.has(path));
  const same = collisions(paths, settings).filter(concerns);
  if (same.length > 0) {
    throw new UserError(
      `Inputs that differ only in their extension, or in their bucket, would write the same transcript:\n${listed(same)}`,
      'Rename one of each, or leave it out with the input exclude. Nothing was sent.',
    );
  }
  const alike = lookAlikes(paths, settings).filter(concerns);
  if (alike.length === 0) return;
  const message = `The transcripts of these inputs have one name on macOS and Windows, where case and the way to write an accent do not count:\n${listed(alike)}`;
  // Only there does one overwrite the other.
  if (process.platform === 'linux') log.warning(message);
  else throw new UserError(message, 'Rename one of each, or run the job on Linux. Nothing was sent.');
}

const MOST_SHOWN = 20;

function listed(groups: readonly string[][]): string {
  const lines = groups.slice(0, MOST_SHOWN).map((group) => `- ${group.map(shown).join(' and ')}`);
  if (groups.length > MOST_SHOWN) lines.push(`- and ${groups.length - MOST_SHOWN} more`);
  return lines.join('\n');
}
