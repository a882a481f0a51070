import type { Context } from '../../context.js';
import type { DeploySettings, ModelSource } from '../../settings/deploy.js';
import type { Weights } from './model-files.js';

/**
 * Looks at the weights that the settings name, packed as they say.
 * @param container folder of the container's sources
 * @throws UserError when there are none, or they are not in CTranslate2 format
 */
export async function findWeights(
  context: Context,
  settings: Pick<DeploySettings, 'model' | 'package'>,
  container: string,
): Promise<Weights> {
  const weights = await source(context, settings.model);
  if (settings.package === 'prefix') return weights;
  return (await import('./archive.js')).archived(weights, container);
}

async function source(context: Context, model: ModelSource): Promise<Weights> {
  switch (model.kind) {
    case 'hub':
      return (await import('./hub.js')).hubWeights(context, model);
    case 'folder':
      return (await import('./folder.js')).folderWeights(model.path);
    case 's3':
      return (await import('./s3-prefix.js')).s3Weights(context, model);
  }
}
