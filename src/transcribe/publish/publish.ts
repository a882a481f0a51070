import { join, posix } from 'node:path';
import type { Context } from '../../context.js';
import { currentBranch } from '../../git/branch.js';
import { commitAndPush } from '../../git/commit.js';
import { openGit } from '../../git/git.js';
import { fitsArtifact, uploadArtifact } from '../../github/artifact.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { problemOf } from '../problem.js';
import type { FileReport, Publication } from '../result.js';

/**
 * Looks, before anything is paid for, whether there is a branch to commit to.
 * @throws UserError when there is none
 */
export async function requirePublishable({ signal }: Context, settings: TranscribeSettings): Promise<void> {
  const { publish, workspace } = settings;
  if (publish === 'commit') await currentBranch(openGit(workspace, signal), workspace);
}

/**
 * Publishes the transcripts that lie in the workspace. A refusal is given back as `problem`, so that the run can still
 * say what it has done.
 */
export async function publish(
  context: Context,
  settings: TranscribeSettings,
  files: readonly FileReport[],
): Promise<Publication> {
  const paths = files.flatMap(({ transcripts }) => transcripts);
  if (paths.length === 0 || settings.publish === 'none') return {};
  try {
    return await (settings.publish === 'commit' ? commit : artifact)(context, settings, files, paths);
  } catch (error) {
    return { problem: problemOf(error, context.signal) };
  }
}

async function commit(
  context: Context,
  { workspace, commitMessage }: TranscribeSettings,
  files: readonly FileReport[],
  paths: string[],
): Promise<Publication> {
  const message = (changed: readonly string[]) => {
    const written = new Set(changed);
    const count = files.filter(({ transcripts }) => transcripts.some((path) => written.has(path))).length;
    return commitMessage.replaceAll('{count}', String(count));
  };
  const git = openGit(workspace, context.signal);
  const committed = await commitAndPush(git, { paths, message, folder: workspace }, context);
  if (!committed) {
    context.log.info('The branch has these transcripts already: nothing to commit.');
    return {};
  }
  for (const path of committed.theirs) {
    const said = 'was changed on the branch meanwhile, and was left as it is there.';
    context.log.warning(`${shown(path)} ${said}`, path);
  }
  context.log.info(`Pushed commit ${committed.sha} with ${committed.changed.length} files.`);
  return { published: 'commit', commitSha: committed.sha };
}

async function artifact(
  { log }: Context,
  { workspace, outputFolder, artifactName }: TranscribeSettings,
  files: readonly FileReport[],
  paths: string[],
): Promise<Publication> {
  const fits = (path: string) => fitsArtifact(posix.relative(outputFolder, path));
  for (const file of files.filter(({ transcripts }) => !transcripts.every(fits))) {
    file.state = 'failed';
    file.reason = 'Its name has a character that artifacts do not take (" < > | * ? : \\ or a line break). Rename it.';
    log.error(`${shown(file.audio)}: ${file.reason}`, file.audio);
  }
  const uploaded = paths.filter(fits).map((path) => join(workspace, path));
  if (uploaded.length === 0) return {};
  const artifactId = await uploadArtifact(artifactName, uploaded, join(workspace, outputFolder));
  return { published: 'artifact', ...(artifactId !== undefined && { artifactId }) };
}
