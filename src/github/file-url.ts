import { type Git, must } from '../git/git.js';

/** Page of a file by its path in the workspace; undefined: there is none. */
export type FileUrl = (path: string) => string | undefined;

/**
 * Where GitHub shows the files of a folder as they are in a commit; of a file that is not in it, and of a repository that
 * is not on the server that the workflow runs on, nothing.
 * @param git runs in that folder
 * @param server address of GitHub, as GITHUB_SERVER_URL has it
 */
export async function fileUrls(git: Git, sha: string, server: string): Promise<FileUrl> {
  const { stdout } = await git(['remote', 'get-url', '--', 'origin']);
  const repository = repositoryOf(stdout.trim(), server);
  if (repository === undefined) return () => undefined;
  const folder = await must(git, ['rev-parse', '--show-prefix']);
  const there = new Set((await must(git, ['ls-tree', '-r', '-z', '--name-only', sha])).split('\0'));
  const encoded = (path: string) => path.toWellFormed().split('/').map(encodeURIComponent).join('/');
  const base = `${server}/${repository}/blob/${sha}/${encoded(folder)}`;
  return (path) => (there.has(path) ? base + encoded(path) : undefined);
}

/** `OWNER/NAME` of a remote of this server, by https or ssh; undefined: it is somewhere else. Pure. */
export function repositoryOf(remote: string, server: string): string | undefined {
  const { host, hostname } = new URL(server);
  const [, at, path = ''] =
    /^https?:\/\/(?:[^@/]+@)?([^/]+)\/(.+)$/.exec(remote) ??
    /^ssh:\/\/git@([^/]+)\/(.+)$/.exec(remote) ??
    /^git@([^:/]+):(.+)$/.exec(remote) ??
    [];
  if (at !== host && at !== hostname) return undefined;
  return /^([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(path)?.[1];
}
