import { UserError } from '../errors.js';

/** Characters that the artifact service does not take in a file's path. */
const REFUSED = /["<>|*?:\r\n\\]/;

/** Whether a file of this path (relative to the artifact's root) can be part of an artifact. */
export const fitsArtifact = (path: string): boolean => !REFUSED.test(path);

/** Whether a runner offers its artifact service. */
export const hasArtifacts = ({ ACTIONS_RESULTS_URL, ACTIONS_RUNTIME_TOKEN }: NodeJS.ProcessEnv): boolean =>
  Boolean(ACTIONS_RESULTS_URL && ACTIONS_RUNTIME_TOKEN);

const INSIDE_ACTIONS = 'Artifacts exist inside GitHub Actions only; elsewhere use publish: none.';

/** @throws UserError when there is no such service */
export function requireArtifacts(environment: NodeJS.ProcessEnv): void {
  if (hasArtifacts(environment)) return;
  throw new UserError(
    'There is no service for artifacts: the runner has not set ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN.',
    INSIDE_ACTIONS,
  );
}

/**
 * Uploads files as an artifact of the workflow's run; gives its id.
 * @param files absolute paths below `root`
 * @throws UserError when the service refuses, and the signal's reason when it fires
 */
export async function uploadArtifact(
  name: string,
  files: string[],
  root: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { DefaultArtifactClient } = await import('@actions/artifact');
  try {
    signal.throwIfAborted();
    // The client cannot be stopped; what it still does ends with the process.
    const { id } = await Promise.race([new DefaultArtifactClient().uploadArtifact(name, files, root), fired(signal)]);
    return id;
  } catch (error) {
    if (signal.aborted) throw error;
    const said = (error as Error).message;
    throw new UserError(
      `The artifact "${name}" could not be uploaded: ${said}`,
      `${remedyOf(error as Error)} The transcripts are in the workspace.`,
      { cause: error },
    );
  }
}

const fired = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

function remedyOf({ name, message }: Error): string {
  if (/\b409\b|already exists/i.test(message)) return 'Give each job of the run its own artifact-name.';
  if (/quota/i.test(message)) return 'Remove artifacts that nobody needs, or raise the limit of the account.';
  if (name === 'GHESNotSupportedError') return 'GitHub Enterprise Server has no such artifacts: use another publish.';
  return INSIDE_ACTIONS;
}
