import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * Where a path of the workspace leads to, all links followed; undefined: out of it.
 * @param root absolute path of the workspace, itself without links
 * @throws the system's error when there is nothing
 */
export async function insideOf(root: string, path: string): Promise<string | undefined> {
  const real = await realpath(join(root, path));
  return real.startsWith(root.endsWith(sep) ? root : root + sep) ? real : undefined;
}
