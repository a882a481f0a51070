import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { UserError } from '../../errors.js';
import { type Matches, matcher } from '../../matcher.js';
import { excluder, type Globs, literalPrefix } from './globs.js';

/** Nothing in them is ever audio of the user's. */
const NEVER = ['**/.git/**', '**/node_modules/**'];

/**
 * Paths of the workspace's files that the globs ask for, with forward slashes, in no order. Links to files are among
 * them; links to folders are followed only where a glob names them.
 * @param isOurs what this action has written or reads itself
 * @throws UserError when a glob names a link that leads out of the workspace
 */
export async function matchingFiles(
  workspace: string,
  { wanted, unwanted }: Globs,
  isOurs: Matches,
): Promise<string[]> {
  const excluded = excluder([...NEVER, ...unwanted]);
  const found = new Set<string>();
  for (const [folder, globs] of Map.groupBy(wanted, baseOf)) {
    if (!(await isWithin(workspace, folder))) continue;
    const matches = matcher(globs);
    for await (const path of walk(workspace, folder, (path) => !excluded(path))) {
      if (matches(path) && !isOurs(path)) found.add(path);
    }
  }
  return [...found];
}

/** Every file of the workspace that could be meant, whatever the inputs say. */
export async function everyFile(workspace: string): Promise<string[]> {
  const never = excluder(NEVER);
  const found: string[] = [];
  for await (const path of walk(workspace, '', (path) => !never(path))) found.push(path);
  return found;
}

/** The folder that every path is in that the glob matches; empty: the workspace. */
const baseOf = (glob: string): string => literalPrefix(glob).replace(/(?:^|\/)[^/]*$/, '');

/** Files below a folder of the workspace, and links to files. `wants` says which folders to enter and which files to give. */
async function* walk(workspace: string, folder: string, wants: Matches): AsyncGenerator<string> {
  for (const entry of await entriesOf(join(workspace, folder))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (!wants(path)) continue;
    if (entry.isDirectory()) yield* walk(workspace, path, wants);
    else if (entry.isFile() || (entry.isSymbolicLink() && !(await isFolder(join(workspace, path))))) yield path;
  }
}

/** None of a folder that is not there; one that may not be read is an error, since files in it would be passed over. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new UserError(
      `A folder of the workspace cannot be read: ${message}`,
      'Let the user that the job runs as read it, or leave it out with the input exclude.',
      { cause: error },
    );
  }
}

/** A link that leads nowhere counts as a file: looking at it tells what is wrong. */
const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

async function isWithin(workspace: string, folder: string): Promise<boolean> {
  const root = await realpath(workspace).catch(() => undefined);
  const real = await realpath(join(workspace, folder)).catch(() => undefined);
  if (root === undefined || real === undefined) return false;
  if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return true;
  throw new UserError(
    `${folder} is a link that leads out of the workspace, to ${real}.`,
    'Take the folder itself into the repository, or name another one in the input files.',
  );
}
