import { join, posix } from 'node:path';
import { fitsArtifact, uploadArtifact } from '../../github/artifact.js';
import { shown } from '../../shown.js';
import type { Way } from './publication.js';

/** Uploads the transcripts as an artifact of the run. A file whose name artifacts do not take fails. */
export const artifact: Way = async ({ log, signal }, settings, { files, feeds }) => {
  const { workspace, outputFolder, artifactName } = settings;
  const fits = (path: string) => fitsArtifact(posix.relative(outputFolder, path));
  for (const file of files.filter(({ transcripts }) => !transcripts.every(fits))) {
    file.state = 'failed';
    file.reason = 'Its name has a character that artifacts do not take (" < > | * ? : \\ or a line break). Rename it.';
    log[settings.onError === 'warn' ? 'warning' : 'error'](`${shown(file.audio)}: ${file.reason}`, file.audio);
  }
  const paths = files.flatMap(({ transcripts }) => transcripts).filter(fits);
  if (paths.length === 0) return {};
  const absolute = [...paths, ...feeds].map((path) => join(workspace, path));
  const artifactId = await uploadArtifact(artifactName, absolute, join(workspace, outputFolder), signal);
  return { published: 'artifact', ...(artifactId !== undefined && { artifactId }) };
};
