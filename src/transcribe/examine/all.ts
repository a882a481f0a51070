import { realpath } from 'node:fs/promises';
import type { Context } from '../../context.js';
import { forEach } from '../../each.js';
import { UserError } from '../../errors.js';
import { canonicalJson } from '../../ledger/key.js';
import type { TranscribeSettings, TranscriptionOptions } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import type { Audio } from '../audio.js';
import type { Source } from '../select/source.js';
import { examine } from './examine.js';
import { examineObject } from './object.js';
import { type OptionsFor, readOptions } from './options.js';

const CONCURRENT_READS = 4;

/**
 * What is to be transcribed, in the order of `sources`, without what cannot be. Of a file's content nothing is kept.
 * @param check throws a UserError for options that the endpoint cannot take; called once for each that differ
 * @param refuse takes what cannot be sent, and why
 * @throws UserError for mistakes in a `whisper.yml` and options that were refused
 */
export async function examineAll(
  { log, signal }: Pick<Context, 'log' | 'signal'>,
  settings: TranscribeSettings,
  sources: readonly Source[],
  check: (options: TranscriptionOptions) => void,
  refuse: (path: string, reason: string) => void,
): Promise<Audio[]> {
  const root = await realpath(settings.workspace);
  const paths = sources.flatMap(({ kind, path }) => (kind === 'file' ? path : []));
  const optionsFor = await readOptions(root, settings, paths);
  checkEach(settings.options, sources, optionsFor, check);
  const found = new Map<string, Audio>();
  const videos: string[] = [];
  await forEach(sources, CONCURRENT_READS, async (source) => {
    if (source.kind === 'object') {
      const audio = examineObject(source, settings);
      return void ('reason' in audio ? refuse(audio.path, audio.reason) : found.set(audio.path, audio));
    }
    const { path } = source;
    const file = await examine(root, path, optionsFor(path), settings.extractAudio, signal);
    if ('reason' in file) return refuse(path, file.reason);
    found.set(path, file.audio);
    if (isWholeVideo(file.audio)) videos.push(path);
    if (file.audio.options.channels === 'split' && file.media.channels === 1) {
      log.warning(`${shown(path)}: it has one channel, so \`channels: split\` has nothing to split.`, path);
    }
  });
  if (videos.length > 0) log.info(aboutVideos(videos));
  return sources.flatMap(({ path }) => found.get(path) ?? []);
}

const isWholeVideo = ({ video, content }: Audio): boolean =>
  video === true && content.kind === 'file' && !content.extract;

function aboutVideos(paths: readonly string[]): string {
  const [first = '', ...others] = paths.toSorted();
  const which =
    others.length > 0 ? `${paths.length} files are videos (${shown(first)}, ...)` : `${shown(first)} is a video`;
  return `${which}: what has no transcript yet is uploaded whole. With \`extract-audio: true\` it is the audio alone.`;
}

/** Checks the run's options, and those that a `whisper.yml` changed, before any file is read. */
function checkEach(
  run: TranscriptionOptions,
  sources: readonly Source[],
  optionsFor: OptionsFor,
  check: (options: TranscriptionOptions) => void,
): void {
  const first = new Map<TranscriptionOptions, string>();
  for (const { kind, path } of sources) {
    const options = kind === 'file' ? optionsFor(path).options : run;
    if (!first.has(options)) first.set(options, path);
  }
  for (const [options, path] of first) {
    try {
      check(options);
    } catch (error) {
      if (!(error instanceof UserError) || canonicalJson(options) === canonicalJson(run)) throw error;
      throw new UserError(`${shown(path)}: ${error.message}`, error.remedy, { cause: error });
    }
  }
}
