import { commitAndPush } from '../../git/commit.js';
import { openGit } from '../../git/git.js';
import { dispatch } from './dispatch.js';
import { commitMessage } from './message.js';
import { editsOf, tellTheirs, type Way } from './publication.js';

/** Commits to the branch that is checked out. @throws PushRefused when the server will not have it */
export const commit: Way = async (context, settings, publishing) => {
  const { workspace } = settings;
  const git = openGit(workspace, context.signal);
  const message = (changed: readonly string[]) =>
    commitMessage(settings.commitMessage, publishing, changed, process.env);
  const { sha, branch, changed, theirs } = await commitAndPush(
    git,
    { edits: editsOf(publishing), message, folder: workspace },
    context,
  );
  tellTheirs(context, theirs);
  if (sha === undefined) {
    context.log.info('The branch has these transcripts already: nothing to commit.');
    return {};
  }
  context.log.info(`Pushed commit ${sha} with ${changed.length} files to ${branch}.`);
  await dispatch(context, settings, git, branch);
  return { published: 'commit', commitSha: sha };
};
