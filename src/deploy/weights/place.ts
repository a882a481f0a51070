import type { ModelDataSource } from '@aws-sdk/client-sagemaker';
import type { Weights } from './model-files.js';

/** Where weights are or go. */
export interface Place {
  bucket: string;
  /** With a slash at its end. */
  prefix: string;
  /** What SageMaker loads: the prefix, or the archive in it. */
  uri: string;
}

/**
 * @param bucket that uploads go to
 * @param folder of the endpoint in it, with a slash at its end
 */
export function placeOf(weights: Weights, bucket: string, folder: string): Place {
  const place = weights.inPlace ?? { bucket, prefix: `${folder}models/${weights.key}/` };
  const archive = weights.package === 'tar.gz' ? weights.files[0]?.name : '';
  return { ...place, uri: `s3://${place.bucket}/${place.prefix}${archive}` };
}

/** How a model names its weights: files that SageMaker lays out under /opt/ml/model, or an archive that it unpacks. */
export const modelDataSource = (weights: Weights, { uri }: Place): ModelDataSource => ({
  S3DataSource:
    weights.package === 'tar.gz'
      ? { S3Uri: uri, S3DataType: 'S3Object', CompressionType: 'Gzip' }
      : { S3Uri: uri, S3DataType: 'S3Prefix', CompressionType: 'None' },
});
