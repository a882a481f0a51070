import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { type Branch, currentBranch, shortName } from '../../git/branch.js';
import { withToken } from '../../git/credentials.js';
import { openGit } from '../../git/git.js';
import { pushTopic, type Topic } from '../../git/topic.js';
import { unmergedOf, upsertPullRequest } from '../../github/pull-request.js';
import { openRest, type Rest, repositoryAt, serverUrl } from '../../github/rest.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import type { Publication } from '../result.js';
import { commitMessage, runUrl } from './message.js';
import { editsOf, tellTheirs, type Way } from './publication.js';
import { pullRequestBody } from './pull-request-body.js';

/** What a pull request needs besides the transcripts. */
interface Ground {
  base: Branch;
  /** Name of the base branch on the remote. */
  into: string;
  token: string;
  repository: string;
}

/** @throws UserError when no pull request can be opened from this checkout */
export async function groundOf(context: Context, settings: TranscribeSettings): Promise<Ground> {
  const { workspace, githubToken: token, pullRequest } = settings;
  const base = await currentBranch(openGit(workspace, context.signal), workspace);
  const into = shortName(base.ref);
  if (into === pullRequest.branch) {
    throw new UserError(
      `The branch ${into} is checked out, which is that of the pull request (input pull-request-branch).`,
      'Check out the branch that the transcripts are to be merged into, or name another pull-request-branch.',
    );
  }
  if (token === undefined) {
    throw new UserError(
      'A pull request needs a token, and the input github-token is empty.',
      'Leave the input out: its default is the token of the job. Or use publish: commit.',
    );
  }
  const repository = repositoryAt(base.url, process.env);
  if (repository === undefined) {
    throw new UserError(
      'It is not known in which repository to open the pull request: the remote is not on GitHub, and GITHUB_REPOSITORY is empty.',
      'Outside of GitHub Actions use publish: commit or publish: none.',
    );
  }
  return { base, into, token, repository };
}

/**
 * Puts the transcripts on the pull request's branch, and opens the pull request or brings its text up to date. The
 * branch that is checked out is not touched.
 * @throws PushRefused when the server will not have the branch
 */
export const pullRequest: Way = async (context, settings, publishing) => {
  const { branch } = settings.pullRequest;
  const ground = await groundOf(context, settings);
  const { base, into } = ground;
  const rest = await openRest(ground.token, ground.repository, context);
  const git = openGit(settings.workspace, context.signal);
  const topic = await pushTopic(
    await withToken(git, base, ground.token, serverUrl(process.env)),
    {
      base,
      topic: branch,
      edits: editsOf(publishing),
      message: (changed) => commitMessage(settings.commitMessage, publishing, changed, process.env),
      unmerged: (head, tip) => unmergedOf(rest, { head: branch, base: into }, head, tip),
    },
    context,
  );
  if (topic) {
    tellTheirs(context, topic.theirs);
    if (topic.pushed) context.log.info(`Pushed commit ${topic.sha} to ${branch}.`);
    return propose(context, settings, rest, topic, into);
  }
  context.log.info(`${into} has these transcripts already: no pull request is needed.`);
  return {};
};

async function propose(
  { log }: Context,
  { pullRequest: { branch, title } }: TranscribeSettings,
  rest: Rest,
  topic: Topic,
  into: string,
): Promise<Publication> {
  const body = pullRequestBody({ files: topic.files, run: runUrl(process.env) });
  const made = await upsertPullRequest(rest, { head: branch, base: into, title, body }).catch((error: unknown) => {
    throw error instanceof UserError ? onBranch(error, branch) : error;
  });
  if (!made) {
    log.info(`${into} has these transcripts already: no pull request is needed.`);
    return {};
  }
  const { created, ...pullRequest } = made;
  const published = created || topic.pushed;
  log.info(`${created ? 'Opened' : published ? 'Updated' : 'Nothing new in'} pull request ${pullRequest.url}`);
  return { pullRequest, ...(published && { published: 'pull-request' as const, commitSha: topic.sha }) };
}

const onBranch = ({ message, remedy, cause }: UserError, branch: string): UserError =>
  new UserError(
    message,
    `${remedy} The transcripts are on the branch ${branch}: a pull request can be opened by hand.`,
    {
      cause,
    },
  );
