import type { DeploySettings } from '../../settings/deploy.js';
import { bucketOf } from '../desired.js';
import { parseRepository } from '../image-source.js';

/** Where the things of an endpoint are looked for. */
export interface Scope {
  endpointName: string;
  account: string;
  /** `ours`: of the default name, so that a deploy makes it. */
  bucket: { name: string; ours: boolean };
  /** Folder of the endpoint in the bucket, with a slash at its end. */
  folder: string;
  repository: string;
  /** Account of the repository. */
  registryId: string;
}

export function scopeOf(
  settings: Pick<DeploySettings, 'endpointName' | 'region' | 'bucket' | 'folder' | 'ecrRepository'>,
  account: string,
): Scope {
  const { repository, registryId = account } = parseRepository(settings.ecrRepository, settings.region);
  return {
    endpointName: settings.endpointName,
    account,
    bucket: { name: bucketOf(settings, account), ours: settings.bucket === undefined },
    folder: settings.folder,
    repository,
    registryId,
  };
}
