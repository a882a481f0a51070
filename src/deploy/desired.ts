import type { CreateEndpointConfigInput, CreateModelInput, ModelDataSource } from '@aws-sdk/client-sagemaker';
import { VARIANT } from '../aws/endpoint-metrics.js';
import type { DeploySettings } from '../settings/deploy.js';
import { hasGpu, hasLocalStorage } from '../settings/instance-types.js';
import { contentHash } from './content-hash.js';
import type { ImageSource } from './image-source.js';
import type { Known } from './known.js';
import { desiredScaling, type Scaling } from './scaling.js';
import type { Weights } from './weights/model-files.js';
import { modelDataSource, type Place, placeOf } from './weights/place.js';

/** Key of the tag on everything that a deploy makes; its value is the endpoint's name. */
export const TAG = 'whisper-sagemaker';
/** Key of the tag on a model with the version of the action that made it, for people. */
export const VERSION_TAG = 'whisper-sagemaker-version';
/**
 * Key of the tag on a model with the hub's repository and commit that its weights are from. A tag, because it is no part
 * of what the model is: a commit that leaves the weights as they are makes no new model.
 */
export const SOURCE_TAG = 'whisper-sagemaker-source';

/** CUDA 12 needs driver 525 or newer; SageMaker's default for g4dn, g5 and p4d is 470. This one has 550. */
const DEFAULT_GPU_AMI = 'al2-ami-sagemaker-inference-gpu-3-1';

/** Seconds. SageMaker takes 60 to 3600; a large model and image on a small instance need more than its defaults. */
const MODEL_DOWNLOAD_TIMEOUT = 1800;
const START_TIMEOUT = 1200;

/** What the settings stand for once it was looked at: the image's source and the weights. */
export interface Materials {
  image: ImageSource;
  weights: Weights;
  /** Of this action, as package.json says. */
  version: string;
}

/** Everything that a deploy makes, as it shall be. Plain data; made by `desiredState` alone. */
export interface Desired {
  endpointName: string;
  region: string;
  account: string;
  bucket: { name: string; ours: boolean };
  /** Folder of the endpoint in the bucket, with a slash at its end. */
  folder: string;
  /** On everything that is created: ours and the user's. */
  tags: Tag[];
  version: string;
  image: ImageSource;
  /** Where the weights are or go. */
  weights: Place & { files: Weights['files']; inPlace: boolean };
  /** Of what is uploaded and answered; undefined: the bucket's own encryption. */
  kmsKeyId: string | undefined;
  instanceTypes: readonly string[];
  /** Undefined until the image's digest is known: their names carry it. */
  model: (CreateModelInput & { ModelName: string }) | undefined;
  endpointConfig: (CreateEndpointConfigInput & { EndpointConfigName: string }) | undefined;
  scaling: Scaling;
  known: Known;
}

interface Tag {
  Key: string;
  Value: string;
}

export const tagsOf = (endpointName: string, tags: Readonly<Record<string, string>> = {}): Tag[] => [
  { Key: TAG, Value: endpointName },
  ...Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
];

/** Whether these are the tags of something that a deploy of this endpoint made. */
export const isMadeFor = (
  endpointName: string,
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): boolean => tags?.some(({ Key, Value }) => Key === TAG && Value === endpointName) ?? false;

export const bucketOf = (settings: Pick<DeploySettings, 'bucket' | 'region'>, account: string): string =>
  settings.bucket ?? `whisper-sagemaker-${account}-${settings.region}`;

export function desiredState(
  settings: DeploySettings,
  account: string,
  { image, weights, version }: Materials,
  known: Known,
): Desired {
  const { endpointName, region, folder } = settings;
  const bucket = bucketOf(settings, account);
  const place = placeOf(weights, bucket, folder);
  const tags = tagsOf(endpointName, settings.tags);
  const spec = modelSpec(settings, weights, image, known, modelDataSource(weights, place));
  const model = spec && {
    ModelName: `${endpointName}-${contentHash(spec)}`,
    ...spec,
    Tags: [...tags, { Key: VERSION_TAG, Value: version }, ...sourceTag(weights)],
  };
  const config = model && configSpec(settings, model.ModelName, `s3://${bucket}/${folder}`);
  return {
    endpointName,
    region,
    account,
    bucket: { name: bucket, ours: settings.bucket === undefined },
    folder,
    tags,
    version,
    image,
    weights: { ...place, files: weights.files, inPlace: weights.inPlace !== undefined },
    kmsKeyId: settings.kmsKeyId,
    instanceTypes: settings.instanceTypes,
    model,
    endpointConfig: config && { EndpointConfigName: `${endpointName}-${contentHash(config)}`, ...config, Tags: tags },
    scaling: desiredScaling(settings),
    known,
  };
}

const sourceTag = ({ source }: Weights): Tag[] => (source === undefined ? [] : [{ Key: SOURCE_TAG, Value: source }]);

/** Name and tags apart, what a model is: its name is a hash of this. */
function modelSpec(
  settings: DeploySettings,
  weights: Weights,
  image: ImageSource,
  { imageRepositoryUri, imageDigest }: Known,
  modelData: ModelDataSource,
) {
  if (imageRepositoryUri === undefined || imageDigest === undefined) return undefined;
  const { subnets: Subnets, securityGroupIds: SecurityGroupIds } = settings;
  return {
    ExecutionRoleArn: settings.executionRoleArn,
    // The container needs no network: its weights are mounted, and SageMaker itself reads and writes S3.
    EnableNetworkIsolation: true,
    ...(Subnets.length > 0 && { VpcConfig: { Subnets, SecurityGroupIds } }),
    PrimaryContainer: {
      Image: `${imageRepositoryUri}@${imageDigest}`,
      ModelDataSource: modelData,
      Environment: {
        WHISPER_MODEL: weights.name,
        WHISPER_MODEL_REVISION: weights.revision,
        WHISPER_IMAGE:
          image.kind === 'build' ? image.tag : imageDigest.replace('sha256:', '').slice(0, image.labelLength),
        WHISPER_TRANSCRIBER: image.transcriber,
        WHISPER_COMPUTE_TYPE: settings.computeType,
        WHISPER_CONCURRENCY: String(settings.maxConcurrentInvocations),
      },
    },
  };
}

/** Name and tags apart, what a configuration is. `folder`: of the endpoint in S3, with a slash at its end. */
function configSpec(settings: DeploySettings, modelName: string, folder: string) {
  const { instanceTypes, kmsKeyId, successTopic, errorTopic } = settings;
  const ami = settings.inferenceAmiVersion ?? (hasGpu(instanceTypes[0]) ? DEFAULT_GPU_AMI : undefined);
  return {
    ProductionVariants: [
      {
        VariantName: VARIANT,
        ModelName: modelName,
        ...instances(instanceTypes),
        // The least that SageMaker takes. How many there are is the scalable target's business, so that a change of
        // min-instances does not make a new configuration and with it a new fleet.
        InitialInstanceCount: 1,
        ...(ami !== undefined && { InferenceAmiVersion: ami as never }),
        ...(settings.volumeSize !== undefined && { VolumeSizeInGB: settings.volumeSize }),
        ModelDataDownloadTimeoutInSeconds: MODEL_DOWNLOAD_TIMEOUT,
        ContainerStartupHealthCheckTimeoutInSeconds: START_TIMEOUT,
      },
    ],
    // A disk of the host's own is encrypted by the host's key.
    ...(kmsKeyId !== undefined && !instanceTypes.some(hasLocalStorage) && { KmsKeyId: kmsKeyId }),
    AsyncInferenceConfig: {
      ClientConfig: { MaxConcurrentInvocationsPerInstance: settings.maxConcurrentInvocations },
      OutputConfig: {
        S3OutputPath: `${folder}output`,
        S3FailurePath: `${folder}failure`,
        ...(kmsKeyId !== undefined && { KmsKeyId: kmsKeyId }),
        ...((successTopic ?? errorTopic) !== undefined && {
          NotificationConfig: {
            ...(successTopic !== undefined && { SuccessTopic: successTopic }),
            ...(errorTopic !== undefined && { ErrorTopic: errorTopic }),
          },
        }),
      },
    },
  };
}

/** One type, or a pool a type: SageMaker takes the next where it has none of the first to give. */
function instances([first, ...others]: DeploySettings['instanceTypes']) {
  if (others.length === 0) return { InstanceType: first as never };
  return {
    InstancePools: [first, ...others].map((type, index) => ({ InstanceType: type as never, Priority: index + 1 })),
    // Pools are served by this routing only (aws-samples, realtime-endpoints-heterogeneous).
    RoutingConfig: { RoutingStrategy: 'LEAST_OUTSTANDING_REQUESTS' as const },
  };
}
