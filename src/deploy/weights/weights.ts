import type { Context } from '../../context.js';
import type { ModelSource } from '../../settings/deploy.js';
import type { Weights } from './model-files.js';

/**
 * Looks at the weights that the settings name.
 * @throws UserError when there are none, or they are not in CTranslate2 format
 */
export async function findWeights(context: Context, model: ModelSource): Promise<Weights> {
  switch (model.kind) {
    case 'hub':
      return (await import('./hub.js')).hubWeights(context, model);
    case 'folder':
      return (await import('./folder.js')).folderWeights(model.path);
    case 's3':
      return (await import('./s3-prefix.js')).s3Weights(context, model);
  }
}
