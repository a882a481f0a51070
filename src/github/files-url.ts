import { type Git, must } from '../git/git.js';

/**
 * Address under which GitHub shows the files of a folder as they are in a commit, with a slash at its end; undefined: the
 * repository is not on the server that the workflow runs on.
 * @param git runs in that folder
 * @param server address of GitHub, as GITHUB_SERVER_URL has it
 */
export async function filesUrl(git: Git, sha: string, server: string): Promise<string | undefined> {
  const { stdout } = await git(['remote', 'get-url', '--', 'origin']);
  const repository = repositoryOf(stdout.trim(), server);
  if (repository === undefined) return undefined;
  const folder = await must(git, ['rev-parse', '--show-prefix']);
  const path = folder.split('/').map(encodeURIComponent).join('/');
  return `${server}/${repository}/blob/${sha}/${path}`;
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
