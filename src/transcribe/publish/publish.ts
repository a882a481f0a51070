import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { currentBranch, DetachedHead } from '../../git/branch.js';
import { openGit } from '../../git/git.js';
import { PushRefused } from '../../git/push.js';
import { hasArtifacts, requireArtifacts } from '../../github/artifact.js';
import { isOfFork } from '../../github/fork.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';
import { problemOf } from '../problem.js';
import type { Publication } from '../result.js';
import { artifact } from './artifact.js';
import { commit } from './commit.js';
import { editsOf, type Publishing, type Way } from './publication.js';
import { groundOf, pullRequest } from './pull-request.js';
import { requireTarget, toS3 } from './to-s3.js';

/**
 * Looks, before anything is paid for, whether there is somewhere to publish to.
 * @throws UserError when there is not
 */
export async function requirePublishable(context: Context, settings: TranscribeSettings): Promise<void> {
  const { publish, workspace } = settings;
  try {
    if (publish === 'commit') await currentBranch(openGit(workspace, context.signal), workspace);
    if (publish === 'pull-request') await groundOf(context, settings);
    if (publish === 's3') await requireTarget(context, settings);
    if (publish === 'artifact') requireArtifacts(process.env);
  } catch (error) {
    if (!(await isForksCheckout(error))) throw error;
  }
}

/** A fork's commit is checked out, and its branch belongs to somebody else; but there is a service for artifacts. */
async function isForksCheckout(error: unknown): Promise<boolean> {
  if (!(error instanceof DetachedHead) || !hasArtifacts(process.env)) return false;
  return isOfFork(process.env);
}

/**
 * Publishes the transcripts that lie in the workspace. A refusal is given back as `problem`, so that the run can still
 * say what it has done.
 * @param context whose signal says until when there is time to publish, also after an interrupt
 */
export async function publish(
  context: Context,
  settings: TranscribeSettings,
  publishing: Publishing,
): Promise<Publication> {
  const { written, removed } = editsOf(publishing);
  if ((written.length === 0 && removed.length === 0) || settings.publish === 'none') return {};
  try {
    return await WAYS[settings.publish](context, settings, publishing);
  } catch (error) {
    return { problem: problemOf(error, context.signal) };
  }
}

const WAYS: Record<Exclude<TranscribeSettings['publish'], 'none'>, Way> = {
  commit: orElse(commit),
  'pull-request': orElse(pullRequest),
  artifact,
  s3: toS3,
};

/** A push that the server refuses goes another way, if there is one; a warning says so. */
function orElse(way: Way): Way {
  return async (context, settings, publishing) => {
    try {
      return await way(context, settings, publishing);
    } catch (error) {
      const refused = error instanceof PushRefused || (await isForksCheckout(error));
      if (!refused || !(error instanceof UserError)) throw error;
      return fallBack(context, settings, publishing, { refusal: error, ways: otherWays(way, error, settings) });
    }
  };
}

interface OtherWay {
  /** As in "The transcripts go into ...". */
  into: string;
  way: Way;
}

function otherWays(refused: Way, refusal: UserError, { githubToken }: TranscribeSettings): OtherWay[] {
  // What was to be removed from the branch is still there, and an artifact is no remedy.
  const files: Way = async (context, settings, publishing) => ({
    ...(await artifact(context, settings, publishing)),
    ...(editsOf(publishing).removed.length > 0 && { problem: refusal }),
  });
  // Where no branch may be pushed to, no pull request can be.
  const byRules = refusal instanceof PushRefused && refusal.by === 'rules';
  return [
    ...(refused === commit && byRules && githubToken !== undefined
      ? [{ into: 'a pull request', way: pullRequest }]
      : []),
    ...(hasArtifacts(process.env) ? [{ into: 'an artifact', way: files }] : []),
  ];
}

/** @throws the refusal when nothing else works either */
async function fallBack(
  context: Context,
  settings: TranscribeSettings,
  publishing: Publishing,
  { refusal, ways }: { refusal: UserError; ways: OtherWay[] },
): Promise<Publication> {
  let reason = refusal;
  for (const { into, way } of ways) {
    context.log.warning(`${reason.message} ${reason.remedy} Now the transcripts go into ${into} instead.`);
    try {
      return await way(context, settings, publishing);
    } catch (error) {
      if (!(error instanceof UserError) || context.signal.aborted) throw error;
      reason = error;
    }
  }
  if (reason === refusal) throw refusal;
  throw new UserError(`${refusal.message} ${reason.message}`, `${reason.remedy} ${refusal.remedy}`, { cause: refusal });
}
