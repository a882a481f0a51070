import { posix } from 'node:path';
import type { Format } from '../../settings/transcribe.js';
import { extensions } from '../../transcript/formats.js';

/** An audio's path without the bucket, should it be an object's address. */
const pathOf = (audio: string): string => audio.replace(/^s3:\/\/[^/]+\//, '');

const EPISODES = 'podcast://';

/** What reports and notes call an episode: `podcast://show/name`, by its place below the output folder. */
export const episodePath = (name: string): string => EPISODES + name;

/** The other way round. */
export const episodeName = (path: string): string => path.slice(EPISODES.length);

export const isEpisodePath = (path: string): boolean => path.startsWith(EPISODES);

/** Where the transcripts of an audio file go, without their extensions: the audio's path under the output folder. */
export function transcriptPlace(audio: string, outputFolder: string): string {
  if (isEpisodePath(audio)) return posix.join(outputFolder, episodeName(audio));
  const { dir, name } = posix.parse(pathOf(audio));
  return posix.join(outputFolder, dir, name);
}

export const transcriptPath = (audio: string, outputFolder: string, format: Format): string =>
  `${transcriptPlace(audio, outputFolder)}.${extensions[format]}`;

/**
 * Where a page finds its audio: below `base`, or, of a file in the workspace, by the way from one to the other.
 * Undefined: nowhere.
 */
export function audioUrl(audio: string, outputFolder: string, base: string | undefined): string | undefined {
  const path = pathOf(audio);
  const encoded = (parts: string) => parts.split('/').map(encodeURIComponent).join('/');
  if (base !== undefined) return base + encoded(path);
  if (path !== audio) return undefined;
  return encoded(posix.relative(posix.dirname(transcriptPlace(audio, outputFolder)), path));
}
