import { plural } from '../../plural.js';
import type { Publishing } from './publication.js';

/**
 * Text of a commit with our changes. `{count}` becomes the number of audio files whose transcripts it has, `{run}` the
 * address of the run. Names of files do not get in: GitHub would act on a file named `[skip ci]` or `Fixes #1`. Pure.
 * @param changed paths that the commit changes
 */
export function commitMessage(
  template: string,
  { files, removed }: Publishing,
  changed: readonly string[],
  environment: NodeJS.ProcessEnv,
): string {
  const paths = new Set(changed);
  const count = files.filter(({ transcripts }) => transcripts.some((path) => paths.has(path))).length;
  const gone = removed.filter((path) => paths.has(path)).length;
  if (count === 0 && gone > 0) return `Remove ${plural(gone, 'transcript')}`;
  if (count === 0) return "Bring the feeds' transcript tags up to date";
  return template
    .replaceAll('{count}', String(count))
    .replaceAll('{run}', runUrl(environment) ?? '')
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .trim();
}

/** Address of the workflow's run; undefined outside of GitHub Actions. */
export function runUrl(environment: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = environment;
  return server && repository && id ? `${server}/${repository}/actions/runs/${id}` : undefined;
}
