import { posix } from 'node:path';
import { UserError } from '../../errors.js';
import { isNegated, type Matches, matcher, partedGlobs } from '../../matcher.js';

/** What to take and what to leave out, in the words of the inputs `files` and `exclude`. */
export interface Globs {
  wanted: string[];
  unwanted: string[];
}

/** Globs of files are relative to the workspace, those of objects are whole addresses: s3://bucket/glob. */
export interface AllGlobs {
  files: Globs;
  objects: Globs;
}

/** @throws UserError when a glob leads out of the workspace, or names no bucket */
export function parseGlobs(files: readonly string[], exclude: readonly string[]): AllGlobs {
  const { wanted, unwanted: negated } = partedGlobs(files);
  const unwanted = [...exclude, ...negated];
  refuseUnusable([...wanted, ...unwanted], exclude);
  const objects = { wanted: wanted.filter(isOfObjects), unwanted: unwanted.filter(isOfObjects) };
  const ofFiles = (globs: string[]) => globs.filter((glob) => !isOfObjects(glob)).map(normalized);
  return { files: { wanted: ofFiles(wanted), unwanted: ofFiles(unwanted) }, objects };
}

const isOfObjects = (glob: string): boolean => glob.startsWith('s3://');
const normalized = (glob: string): string => posix.normalize(glob).replace(/\/$/, '');

const OUTSIDE = /^(?:\/|(?:.*\/)?\.\.(?:\/|$))/;
const BUCKET = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\//;

function refuseUnusable(globs: string[], exclude: readonly string[]): void {
  const outside = globs.filter((glob) => !isOfObjects(glob) && OUTSIDE.test(glob));
  if (outside.length > 0) {
    throw new UserError(
      `Globs that lead out of the workspace: ${outside.join(', ')}.`,
      'Write the inputs files and exclude relative to the workspace, without a leading slash or "..".',
    );
  }
  const bucketless = globs.filter((glob) => isOfObjects(glob) && ['', glob].includes(glob.replace(BUCKET, '')));
  if (bucketless.length > 0) {
    throw new UserError(
      `Globs of objects without a bucket's name or without anything behind it: ${bucketless.join(', ')}.`,
      'Write the bucket, a slash and a glob of keys: s3://my-bucket/recordings/**.',
    );
  }
  const negated = exclude.filter(isNegated);
  if (negated.length > 0) {
    throw new UserError(
      `Lines of exclude that begin with "!": ${negated.join(', ')}.`,
      'exclude has no exceptions: name what is to be left out more exactly.',
    );
  }
}

/** As `matcher`, for lines as the inputs have them: of files by their paths, of objects by their addresses. */
export function sourceMatcher(lines: readonly string[]): Matches {
  const { files, objects } = parseGlobs(lines, []);
  const [isFile, isObject] = [files, objects].map(({ wanted, unwanted }) => {
    const [matches, excluded] = [matcher(wanted), excluder(unwanted)];
    return (path: string) => matches(path) && !excluded(path);
  }) as [Matches, Matches];
  return (path) => (isOfObjects(path) ? isObject : isFile)(path);
}

/** As `matcher`, for globs of things to leave out: one that matches a folder leaves out all that is in it. */
export function excluder(globs: readonly string[]): Matches {
  const matches = matcher(globs);
  return (path) => matches(path) || foldersOf(path).some(matches);
}

/** Of `a/b/c.mp3`: `a/b` and `a`. */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) folders.push(path.slice(0, end));
  return folders;
}

/** What every path begins with that the glob matches; it may be less than there is. */
export function literalPrefix(glob: string): string {
  const [prefix = ''] = /^(?:\\.|[^\\*?[\]{}()!+@|"])*/s.exec(glob) ?? [];
  return prefix.replace(/\\(.)/gs, '$1');
}

/** Of an s3:// glob or address. */
export function bucketOf(glob: string): string {
  return BUCKET.exec(glob)?.[1] ?? '';
}
