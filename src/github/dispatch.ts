import type { Log } from '../log.js';
import { type Rest, statusOf } from './rest.js';

/**
 * Starts a workflow that has the trigger `workflow_dispatch`, on a branch. Never fails: a warning says what stood in the
 * way. GitHub starts no workflow for what a job's own token pushes; this event is its exception
 * (docs.github.com/actions/concepts/security/github_token).
 * @param workflow its file name, or its id
 */
export async function dispatchWorkflow(rest: Rest, workflow: string, ref: string, log: Log): Promise<void> {
  const { octokit, owner, repo, request, patiently } = rest;
  try {
    await patiently(() =>
      octokit.rest.actions.createWorkflowDispatch({ owner, repo, workflow_id: workflow, ref, request }),
    );
    log.info(`Started the workflow ${workflow} on ${ref}.`);
  } catch (error) {
    if (request.signal.aborted) throw error;
    log.warning(
      `The commit was pushed, but the workflow ${workflow} was not started: ${(error as Error).message}. ${remedyOf(error, workflow, ref)}`,
    );
  }
}

function remedyOf(error: unknown, workflow: string, ref: string): string {
  switch (statusOf(error)) {
    case 401:
      return 'GitHub does not accept the token of the input github-token.';
    case 403:
      return 'Give the job `permissions: actions: write`.';
    case 404:
      return `There must be a .github/workflows/${workflow} on the default branch, and the job needs \`permissions: actions: write\`.`;
    case 422:
      return `The workflow needs the trigger workflow_dispatch on ${ref} and on the default branch, without inputs that are required, and must not be disabled.`;
    default:
      return 'Start it by hand, or run the step again after the next change.';
  }
}
