import type { Context } from '../../context.js';
import { findModel, type ModelReference } from '../../hub/model.js';
import { contentHash } from '../content-hash.js';
import { isNeeded, requireModel, type Weights } from './model-files.js';
import { verified } from './verified.js';

/**
 * The weights of a model on the hub. Their revision is their content, not the commit: one that changes only the
 * repository's README deploys nothing.
 */
export async function hubWeights(context: Context, model: ModelReference): Promise<Weights> {
  const found = await findModel(context, model);
  const names = found.files.map(({ name }) => name);
  requireModel(names, `The repository ${found.where}`, found.repository);
  const files = found.files.filter(({ name }) => isNeeded(name));
  const revision = contentHash(files);
  return {
    name: model.name,
    revision,
    key: revision,
    package: 'prefix',
    files,
    source: `${found.repository}@${found.commit}`,
    open: (file) => verified(found.open(file.name), file),
  };
}
