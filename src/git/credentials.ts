import type { Branch } from './branch.js';
import type { Git } from './git.js';

/**
 * Lets git use a token for a remote on GitHub where it has no credentials of its own, as after actions/checkout with
 * `persist-credentials: false`. The token goes through git's environment: argv is for everybody to read, and the
 * repository's configuration outlives the step.
 * @param server address of GitHub, as GITHUB_SERVER_URL has it
 */
export async function withToken(
  git: Git,
  { url }: Pick<Branch, 'url'>,
  token: string | undefined,
  server: string,
): Promise<Git> {
  if (token === undefined || !url.startsWith(`${server}/`)) return git;
  const { host, protocol } = new URL(server);
  if ((await git(['config', '--get-urlmatch', 'http.extraheader', url])).stdout.trim() !== '') return git;
  const asked = `protocol=${protocol.slice(0, -1)}\nhost=${host}\n\n`;
  if ((await git(['credential', 'fill'], {}, asked)).code === 0) return git;
  const first = Number(process.env['GIT_CONFIG_COUNT'] ?? 0);
  const credentials = {
    GIT_CONFIG_COUNT: String(first + 1),
    [`GIT_CONFIG_KEY_${first}`]: `http.${server}/.extraheader`,
    [`GIT_CONFIG_VALUE_${first}`]: `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
  };
  return (args, environment, input) => git(args, { ...credentials, ...environment }, input);
}
