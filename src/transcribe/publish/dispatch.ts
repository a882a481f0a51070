import type { Context } from '../../context.js';
import { type Branch, shortName } from '../../git/branch.js';
import { dispatchWorkflow } from '../../github/dispatch.js';
import { openRest, repositoryAt } from '../../github/rest.js';
import type { TranscribeSettings } from '../../settings/transcribe.js';

/** Starts the workflow of `dispatch-workflow` on a branch that was pushed to. A warning says why it was not. */
export async function dispatch(
  context: Context,
  { dispatchWorkflow: workflow, githubToken }: TranscribeSettings,
  { url, ref }: Branch,
): Promise<void> {
  if (workflow === undefined) return;
  const repository = repositoryAt(url, process.env);
  if (githubToken === undefined || repository === undefined) {
    const missing = githubToken === undefined ? 'the input github-token is empty' : 'its repository is not known';
    context.log.warning(`The commit was pushed, but the workflow ${workflow} was not started: ${missing}.`);
    return;
  }
  const rest = await openRest(githubToken, repository, context);
  await dispatchWorkflow(rest, workflow, shortName(ref), context.log);
}
