import type { Format, TranscribeSettings } from '../../settings/transcribe.js';
import { extensions } from '../../transcript/formats.js';
import { transcriptPlace } from './place.js';

type Places = Pick<TranscribeSettings, 'outputFolder' | 'formats'>;

/**
 * Groups of inputs that would write the same transcript, in the order of the paths: `a.mp3` and `a.wav`, a file and an
 * object of the same path, and `a.mp3` beside `a.podcast.mp3` when `podcast` and `json` are written.
 */
export function collisions(paths: readonly string[], { outputFolder, formats }: Places): string[][] {
  const groups = Map.groupBy(paths, (path) => transcriptPlace(path, outputFolder));
  const found = [...groups.values()].filter((group) => group.length > 1);
  for (const infix of infixes(formats)) {
    for (const [place, group] of groups) {
      const other = groups.get(`${place}.${infix}`);
      if (other) found.push([...group, ...other]);
    }
  }
  return found;
}

/** `podcast`, where both `.podcast.json` and `.json` are written. */
function infixes(formats: readonly Format[]): string[] {
  const endings = formats.map((format) => extensions[format]);
  return endings.flatMap((ending) => {
    const dot = ending.indexOf('.');
    return dot > 0 && endings.some((other) => other === ending.slice(dot + 1)) ? [ending.slice(0, dot)] : [];
  });
}

/**
 * Groups of inputs whose transcripts are one file on macOS and Windows, where case and the ways to write an accent do not
 * tell names apart, and several elsewhere.
 */
export function lookAlikes(paths: readonly string[], { outputFolder }: Places): string[][] {
  const folded = (path: string) => transcriptPlace(path, outputFolder).normalize('NFC').toLowerCase();
  const groups = [...Map.groupBy(paths, folded).values()].filter((group) => group.length > 1);
  return groups.filter((group) => new Set(group.map((path) => transcriptPlace(path, outputFolder))).size > 1);
}
