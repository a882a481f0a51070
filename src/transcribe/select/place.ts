import { posix } from 'node:path';
import type { Format } from '../../settings/transcribe.js';
import { extensions } from '../../transcript/formats.js';

/** Where the transcript of an audio file goes: the audio's path under the output folder, with another extension. */
export function transcriptPath(audio: string, outputFolder: string, format: Format): string {
  const { dir, name } = posix.parse(audio);
  return posix.join(outputFolder, dir, `${name}.${extensions[format]}`);
}

/** Groups of audio files that would write the same transcript (`a.mp3` and `a.wav`), in the order of the paths. */
export function collisions(audio: readonly string[], outputFolder: string): string[][] {
  const groups = Map.groupBy(audio, (path) => transcriptPath(path, outputFolder, 'txt'));
  return [...groups.values()].filter((group) => group.length > 1);
}
