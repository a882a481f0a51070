import { access } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { forEach } from '../../each.js';
import { UserError } from '../../errors.js';
import { canonicalJson } from '../../ledger/key.js';
import {
  optionsOf,
  type TranscribeSettings,
  type Transcription,
  type TranscriptionOptions,
  transcriptionOf,
} from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { openInside } from './inside.js';
import type { Layer, OptionsFile } from './options-file.js';

/** Name of the files beside audio that say how it is transcribed. */
export const OPTIONS_FILE = 'whisper.yml';
const MISNAMED = 'whisper.yaml';
const MOST_BYTES = 64 * 1024;
const CONCURRENT_READS = 16;

export interface FileOptions {
  options: TranscriptionOptions;
  /** Names of the tracks of split channels; none where they are mixed. */
  speakers: string[];
}

/** What holds for a file: one object for all files of which the same was said. */
export type OptionsFor = (path: string) => FileOptions;

/**
 * Reads the `whisper.yml` of every folder that has one of the files in it or below. For a file, what the nearest says
 * goes before what outer ones say, and that before the run's inputs, key by key.
 * @param root absolute path of the workspace, itself without links
 * @throws UserError that lists every mistake with its line
 */
export async function readOptions(
  root: string,
  run: Pick<TranscribeSettings, 'options' | 'speakers'>,
  paths: readonly string[],
): Promise<OptionsFor> {
  const files = new Map<string, OptionsFile>();
  const mistakes: string[] = [];
  await forEach(foldersOf(paths), CONCURRENT_READS, async (folder) => {
    const file = await readFile(root, posix.join(folder, OPTIONS_FILE), mistakes);
    if (file) files.set(folder, file);
    else if (await isThere(root, posix.join(folder, MISNAMED))) {
      mistakes.push(`${shown(posix.join(folder, MISNAMED))}: it is not read; its name must be ${OPTIONS_FILE}`);
    }
  });
  const same = new Map<string, FileOptions>();
  const heard = new Map<string, boolean>();
  const optionsFor: OptionsFor = (path) => {
    const layers = layersOf(files, path);
    const given: Transcription = Object.assign(transcriptionOf(run.options, run.speakers), ...layers.map(saidBy));
    const isSplit = given.channels === 'split';
    const named = layers.findLast(({ speakersAt }) => speakersAt !== undefined)?.speakersAt;
    if (named !== undefined) heard.set(named, isSplit || given.speakers.length === 0 || heard.get(named) === true);
    const found = { options: optionsOf(given), speakers: isSplit ? given.speakers : [] };
    const key = canonicalJson(found);
    if (!same.has(key)) same.set(key, found);
    return same.get(key) ?? found;
  };
  if (files.size > 0) paths.forEach(optionsFor);
  for (const [where, isHeard] of heard) if (!isHeard) mistakes.push(`${where}: ${IDLE_SPEAKERS}`);
  if (mistakes.length > 0) throw wrongOptions(mistakes);
  return optionsFor;
}

const saidBy = ({ says }: Layer): Partial<Transcription> => says;
const IDLE_SPEAKERS = 'speakers names the tracks of `channels: split` and does nothing without it';

/** Every folder that a path leads through, `.` for the workspace. */
function foldersOf(paths: readonly string[]): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let folder = posix.dirname(path); !folders.has(folder); folder = posix.dirname(folder)) folders.add(folder);
  }
  return folders;
}

async function readFile(root: string, path: string, mistakes: string[]): Promise<OptionsFile | undefined> {
  const wrong = (problem: string) => void mistakes.push(`${shown(path)}: ${problem}`);
  try {
    const opened = await openInside(root, path);
    if (opened === undefined) return wrong('it is a link that leads out of the workspace');
    await using _ = opened.file;
    if (opened.bytes > MOST_BYTES) return wrong(`it has ${opened.bytes} bytes, and ${MOST_BYTES} are the most`);
    const text = await opened.file.readFile('utf8');
    const { parseOptions } = await import('./options-file.js');
    return parseOptions(path, text, mistakes);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : wrong(`it cannot be read: ${message}`);
  }
}

const isThere = (root: string, path: string): Promise<boolean> =>
  access(join(root, path)).then(
    () => true,
    () => false,
  );

/** From the outermost to the nearest. */
function layersOf(files: ReadonlyMap<string, OptionsFile>, path: string): Layer[] {
  const layers: Layer[] = [];
  let folder = path;
  do {
    folder = posix.dirname(folder);
    const file = files.get(folder);
    if (!file) continue;
    const below = folder === '.' ? path : path.slice(folder.length + 1);
    layers.unshift(file.all, ...file.some.filter(({ matches }) => matches(below)).map(({ layer }) => layer));
  } while (folder !== '.');
  return layers;
}

const MOST_SHOWN = 50;

function wrongOptions(mistakes: readonly string[]): UserError {
  const lines = mistakes.slice(0, MOST_SHOWN).map((line) => `- ${line}`);
  if (mistakes.length > MOST_SHOWN) lines.push(`- and ${mistakes.length - MOST_SHOWN} more`);
  return new UserError(
    mistakes.length === 1
      ? `A mistake in a ${OPTIONS_FILE}: ${mistakes[0]}`
      : `${mistakes.length} mistakes in files called ${OPTIONS_FILE}:\n${lines.join('\n')}`,
    `Correct what is listed; docs/options.md tells what a ${OPTIONS_FILE} may say. Nothing was sent.`,
  );
}
