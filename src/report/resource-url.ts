import { consoleUrl } from '../aws/console.js';
import type { Change } from '../deploy/changes.js';

/** Where resources are looked at. */
export interface Place {
  endpointName: string;
  region: string;
  account: string;
  /** Account of the images; undefined: that of the credentials. */
  registryId?: string | undefined;
}

/** Page of a resource in the console; undefined: it has none that these credentials' account could open. Pure. */
export function resourceUrl(
  { endpointName, region, account, registryId = account }: Place,
  { resource, name }: Pick<Change, 'resource' | 'name'>,
): string | undefined {
  const id = encodeURIComponent(name);
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(name) ?? [];
  if (bucket !== undefined) return consoleUrl(region, `s3/buckets/${bucket}?prefix=${encodeURIComponent(key ?? '')}`);
  switch (resource) {
    case 'bucket':
    case 'life-cycle rules':
      return consoleUrl(region, `s3/buckets/${id}`);
    case 'ECR repository':
    case 'image':
      if (registryId !== account) return undefined;
      return consoleUrl(region, `ecr/repositories/private/${account}/${name.replace(/[:@].*$/, '')}`);
    case 'model':
      return consoleUrl(region, 'sagemaker/home', `#/models/${id}`);
    case 'endpoint configuration':
      return consoleUrl(region, 'sagemaker/home', `#/endpointConfig/${id}`);
    case 'endpoint':
    case 'scalable target':
    case 'scaling policy':
      return consoleUrl(region, 'sagemaker/home', `#/endpoints/${encodeURIComponent(endpointName)}`);
    case 'alarm':
      return consoleUrl(region, 'cloudwatch/home', `#alarmsV2:alarm/${id}`);
    default:
      return undefined;
  }
}
