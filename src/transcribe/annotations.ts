import type { Context } from '../context.js';
import { folderInRepository } from '../git/changes.js';
import { openGit } from '../git/git.js';
import type { Log } from '../log.js';

/**
 * The context of a run whose files are told by their paths in the workspace, which may be a folder of the repository: GitHub
 * places annotations by paths from the repository's root. What lies elsewhere has no place there.
 */
export async function withAnnotations(context: Context, workspace: string): Promise<Context> {
  const { log, signal } = context;
  // Without git, or without the folder, there is nothing to place.
  const folder = await folderInRepository(openGit(workspace, signal)).catch(() => '');
  signal.throwIfAborted();
  return { ...context, log: placed(log, folder) };
}

/** @param folder in the repository, with a slash at its end; empty: its root */
export function placed(log: Log, folder: string): Log {
  const place = (path: string | undefined) =>
    path === undefined || /^[a-z][a-z0-9]*:\/\//.test(path) ? undefined : folder + path;
  return {
    ...log,
    warning: (line, file) => log.warning(line, place(file)),
    error: (line, file) => log.error(line, place(file)),
  };
}
