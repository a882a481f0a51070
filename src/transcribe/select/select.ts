import { posix } from 'node:path';
import { UserError } from '../../errors.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { collisions } from './place.js';

type Selection = Pick<TranscribeSettings, 'files' | 'exclude' | 'outputFolder' | 'formats' | 'workspace'>;

/**
 * Paths of the audio files, relative to the workspace, with forward slashes, sorted. Links to folders are not followed;
 * links to files are listed, and looked at when they are examined.
 * @throws UserError when the globs lead out of the workspace, match nothing, or two files would share a transcript
 */
export async function selectFiles({ files, exclude, outputFolder, formats, workspace }: Selection): Promise<string[]> {
  const outside = [...files, ...exclude].filter((glob) => /^!?(?:\/|(?:.*\/)?\.\.(?:\/|$))/.test(glob));
  if (outside.length > 0) {
    throw new UserError(
      `Globs that lead out of the workspace: ${outside.join(', ')}.`,
      'Write the inputs files and exclude relative to the workspace, without a leading slash or "..".',
    );
  }
  const { escapePath, glob } = await import('tinyglobby');
  const folder = posix.normalize(outputFolder);
  // Transcripts beside their audio are known by their endings only.
  const ownWork = folder === '.' ? formats.map((format) => `**/*.${format}`) : [`${escapePath(folder)}/**`];
  const paths = await glob(files.map(ofFiles), {
    cwd: workspace,
    ignore: ['**/.git/**', '**/node_modules/**', ...ownWork, ...exclude],
    followSymbolicLinks: false,
    expandDirectories: false,
  });
  if (paths.length === 0) throw nothingFound(files, exclude, workspace);
  paths.sort((a, b) => (a < b ? -1 : 1));
  refuseCollisions(paths, outputFolder);
  return paths;
}

// At the end of a glob, `**` alone does not match a name with a line break in it.
const ofFiles = (glob: string): string => glob.replace(/(^|\/)\*\*$/, '$1**/*');

function nothingFound(files: string[], exclude: string[], workspace: string): UserError {
  const but = exclude.length > 0 ? `, leaving out ${exclude.join(', ')}` : '';
  return new UserError(
    `No file matches ${files.join(', ')}${but} in ${workspace}.`,
    'Correct the input files: globs relative to the workspace, for example audio/**/*.mp3 (a folder needs /** after it). Does a step before this one check out the repository?',
  );
}

const MOST_SHOWN = 20;

function refuseCollisions(paths: string[], outputFolder: string): void {
  const found = collisions(paths, outputFolder);
  if (found.length === 0) return;
  const lines = found.slice(0, MOST_SHOWN).map((group) => `- ${group.map(shown).join(' and ')}`);
  if (found.length > MOST_SHOWN) lines.push(`- and ${found.length - MOST_SHOWN} more`);
  throw new UserError(
    `Audio files that differ only in their extension would write the same transcript:\n${lines.join('\n')}`,
    'Rename one of each, or leave it out with the input exclude. Nothing was sent.',
  );
}
