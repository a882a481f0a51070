import { UserError } from '../errors.js';

/** Characters that the artifact service does not take in a file's path. */
const REFUSED = /["<>|*?:\r\n\\]/;

/** Whether a file of this path (relative to the artifact's root) can be part of an artifact. */
export const fitsArtifact = (path: string): boolean => !REFUSED.test(path);

/**
 * Uploads files as an artifact of the workflow's run; gives its id.
 * @param files absolute paths below `root`
 * @throws UserError when the service refuses
 */
export async function uploadArtifact(name: string, files: string[], root: string): Promise<number | undefined> {
  const { DefaultArtifactClient } = await import('@actions/artifact');
  try {
    const { id } = await new DefaultArtifactClient().uploadArtifact(name, files, root);
    return id;
  } catch (error) {
    const said = (error as Error).message;
    const taken = /\b409\b|already exists/i.test(said);
    throw new UserError(
      `The artifact "${name}" could not be uploaded: ${said}`,
      `${taken ? 'Give each job of the run its own artifact-name.' : 'Artifacts exist inside GitHub Actions only; elsewhere use publish: none.'} The transcripts are in the workspace.`,
      { cause: error },
    );
  }
}
