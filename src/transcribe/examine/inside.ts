import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** A file of the workspace, opened to be read; who has it closes it. */
export interface OpenFile {
  file: FileHandle;
  /** Absolute, all links followed. */
  path: string;
  bytes: number;
}

/**
 * Opens a file of the workspace. Undefined: it is a link that leads out of it.
 * @param root absolute path of the workspace, itself without links
 * @throws the system's error when it cannot be read, or is no file
 */
export async function openInside(root: string, path: string): Promise<OpenFile | undefined> {
  const real = await realpath(join(root, path));
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
  // A named pipe would be waited for.
  const file = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error('it is a folder, a pipe or a device, and no file');
    return { file, path: real, bytes: stats.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}
