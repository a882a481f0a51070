import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/**
 * Writes a text file into the workspace: whole or not at all, and not when it has this content already.
 * @param path in the workspace, with forward slashes
 * @throws Error when a link on the way leads out of the workspace, or the file itself is a link
 */
export async function writeFileWithin(workspace: string, path: string, content: string): Promise<void> {
  const target = join(workspace, path);
  const folder = dirname(target);
  await refuseOutside(workspace, folder);
  await mkdir(folder, { recursive: true });
  const existing = await unlessMissing(lstat(target));
  if (existing?.isSymbolicLink()) throw new Error(`${path} is a link; transcripts are written to plain files only`);
  if (existing?.isFile() && (await readFile(target)).equals(Buffer.from(content))) return;
  const temporary = join(folder, `.whisper-${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, content, { flag: 'wx' });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Undefined: there is no plain file. */
export async function readFileWithin(workspace: string, path: string): Promise<Buffer | undefined> {
  const target = join(workspace, path);
  const found = await unlessMissing(lstat(target));
  return found?.isFile() ? unlessMissing(readFile(target)) : undefined;
}

/** Removes a plain file or a link; false: there is none. */
export async function removeFileWithin(workspace: string, path: string): Promise<boolean> {
  const target = join(workspace, path);
  const found = await unlessMissing(lstat(target));
  if (!found || found.isDirectory()) return false;
  await refuseOutside(workspace, dirname(target));
  await rm(target);
  return true;
}

/** Follows the links of the deepest folder that is there: what is made below it cannot lead elsewhere. */
async function refuseOutside(workspace: string, folder: string): Promise<void> {
  const root = await realpath(workspace);
  let existing = folder;
  let real = await unlessMissing(realpath(existing));
  while (real === undefined && existing !== workspace) {
    // Another file's folder may have come into being in between; only a link is in the way.
    const found = await unlessMissing(lstat(existing));
    if (found?.isSymbolicLink()) throw new Error(`${existing} is a link that leads nowhere`);
    existing = dirname(existing);
    real = await unlessMissing(realpath(existing));
  }
  if (real === undefined || !(real + sep).startsWith(root + sep)) {
    throw new Error(`${existing} is a link that leads out of the workspace`);
  }
}

async function unlessMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
