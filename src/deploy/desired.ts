import type { CreateEndpointConfigInput, CreateModelInput } from '@aws-sdk/client-sagemaker';
import type { DeploySettings } from '../settings/deploy.js';
import { hasGpu } from '../settings/instance-types.js';
import { contentHash } from './content-hash.js';
import type { ImageSource } from './image-source.js';
import type { Known } from './known.js';
import { desiredScaling, type Scaling, VARIANT } from './scaling.js';
import type { Weights } from './weights/model-files.js';

/** Key of the tag on everything that a deploy makes; its value is the endpoint's name. */
export const TAG = 'whisper-sagemaker';

/** CUDA 12 needs driver 525 or newer; SageMaker's default for g4dn, g5 and p4d is 470. This one has 550. */
const DEFAULT_GPU_AMI = 'al2-ami-sagemaker-inference-gpu-3-1';

/** Seconds. SageMaker takes 60 to 3600; a large model and image on a small instance need more than its defaults. */
const MODEL_DOWNLOAD_TIMEOUT = 1800;
const START_TIMEOUT = 1200;

/** What the settings stand for once it was looked at: the image's source and the weights. */
export interface Materials {
  image: ImageSource;
  weights: Weights;
}

/** Everything that a deploy makes, as it shall be. Plain data; made by `desiredState` alone. */
export interface Desired {
  endpointName: string;
  region: string;
  account: string;
  bucket: { name: string; ours: boolean };
  image: ImageSource;
  /** Where the weights are or go, prefix with a slash at its end. */
  weights: { bucket: string; prefix: string; files: Weights['files']; inPlace: boolean };
  instanceType: string;
  /** Undefined until the image's digest is known: their names carry it. */
  model: (CreateModelInput & { ModelName: string }) | undefined;
  endpointConfig: (CreateEndpointConfigInput & { EndpointConfigName: string }) | undefined;
  scaling: Scaling;
  known: Known;
}

export const tagsOf = (endpointName: string): { Key: string; Value: string }[] => [{ Key: TAG, Value: endpointName }];

export function desiredState(
  settings: DeploySettings,
  account: string,
  { image, weights }: Materials,
  known: Known,
): Desired {
  const { endpointName, region } = settings;
  const bucket = settings.bucket ?? `whisper-sagemaker-${account}-${region}`;
  const place = weights.inPlace ?? { bucket, prefix: `${endpointName}/models/${weights.revision}/` };
  const model = desiredModel(settings, weights, image, known, `s3://${place.bucket}/${place.prefix}`);
  return {
    endpointName,
    region,
    account,
    bucket: { name: bucket, ours: settings.bucket === undefined },
    image,
    weights: { ...place, files: weights.files, inPlace: weights.inPlace !== undefined },
    instanceType: settings.instanceType,
    model,
    endpointConfig: model && desiredEndpointConfig(settings, model.ModelName, `s3://${bucket}/${endpointName}`),
    scaling: desiredScaling(settings),
    known,
  };
}

function desiredModel(
  settings: DeploySettings,
  weights: Weights,
  image: ImageSource,
  { imageRepositoryUri, imageDigest }: Known,
  modelData: string,
): Desired['model'] {
  if (imageRepositoryUri === undefined || imageDigest === undefined) return undefined;
  const spec = {
    ExecutionRoleArn: settings.executionRoleArn,
    // The container needs no network: its weights are mounted, and SageMaker itself reads and writes S3.
    EnableNetworkIsolation: true,
    PrimaryContainer: {
      Image: `${imageRepositoryUri}@${imageDigest}`,
      ModelDataSource: {
        S3DataSource: { S3Uri: modelData, S3DataType: 'S3Prefix' as const, CompressionType: 'None' as const },
      },
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
  return { ModelName: `${settings.endpointName}-${contentHash(spec)}`, ...spec, Tags: tagsOf(settings.endpointName) };
}

function desiredEndpointConfig(settings: DeploySettings, modelName: string, prefix: string): Desired['endpointConfig'] {
  const ami = settings.inferenceAmiVersion ?? (hasGpu(settings.instanceType) ? DEFAULT_GPU_AMI : undefined);
  const spec = {
    ProductionVariants: [
      {
        VariantName: VARIANT,
        ModelName: modelName,
        InstanceType: settings.instanceType as never,
        // The least that SageMaker takes. How many there are is the scalable target's business, so that a change of
        // min-instances does not make a new configuration and with it a new fleet.
        InitialInstanceCount: 1,
        ...(ami !== undefined && { InferenceAmiVersion: ami as never }),
        ModelDataDownloadTimeoutInSeconds: MODEL_DOWNLOAD_TIMEOUT,
        ContainerStartupHealthCheckTimeoutInSeconds: START_TIMEOUT,
      },
    ],
    AsyncInferenceConfig: {
      ClientConfig: { MaxConcurrentInvocationsPerInstance: settings.maxConcurrentInvocations },
      OutputConfig: { S3OutputPath: `${prefix}/output`, S3FailurePath: `${prefix}/failure` },
    },
  };
  return {
    EndpointConfigName: `${settings.endpointName}-${contentHash(spec)}`,
    ...spec,
    Tags: tagsOf(settings.endpointName),
  };
}
