import { currentBranch } from '../../git/branch.js';
import { commitAndPush } from '../../git/commit.js';
import { withToken } from '../../git/credentials.js';
import { openGit } from '../../git/git.js';
import { serverUrl } from '../../github/rest.js';
import { dispatch } from './dispatch.js';
import { commitMessage } from './message.js';
import { editsOf, tellTheirs, type Way } from './publication.js';

/** Commits to the branch that is checked out. @throws PushRefused when the server will not have it */
export const commit: Way = async (context, settings, publishing) => {
  const { workspace } = settings;
  const git = openGit(workspace, context.signal);
  const branch = await currentBranch(git, workspace);
  const message = (changed: readonly string[]) =>
    commitMessage(settings.commitMessage, publishing, changed, process.env);
  const authorized = await withToken(git, branch, settings.githubToken, serverUrl(process.env));
  const request = { branch, edits: editsOf(publishing), message };
  const { sha, changed, theirs } = await commitAndPush(authorized, request, context);
  tellTheirs(context, theirs);
  if (sha === undefined) {
    context.log.info('The branch has these transcripts already: nothing to commit.');
    return {};
  }
  context.log.info(`Pushed commit ${sha} with ${changed.length} files to ${branch.name}.`);
  await dispatch(context, settings, branch);
  return { published: 'commit', commitSha: sha };
};
