import type { DescribeEndpointOutput, SageMaker } from '@aws-sdk/client-sagemaker';
import type { Context } from '../../context.js';
import { UserError } from '../../errors.js';
import { hasGpu } from '../../settings/instance-types.js';

/** What a transcription has to know of the endpoint that deploy made. */
export interface Endpoint {
  name: string;
  bucket: string;
  /** Of everything of this endpoint in the bucket; ends with a slash. */
  prefix: string;
  /** Requests that one instance works on at the same time. */
  concurrency: number;
  gpu: boolean;
  /** Of the KMS key that what we write is encrypted with; undefined: as the bucket does it. */
  kmsKeyId: string | undefined;
  /** As deploy was given it. */
  model: string;
  modelRevision: string;
  transcriber: string;
  /** What SageMaker said of it just now. */
  description: DescribeEndpointOutput;
}

/** @throws UserError when there is no such endpoint, or none that this action's deploy made */
export async function readEndpoint({ clients, signal }: Context, name: string): Promise<Endpoint> {
  const sagemaker = await clients.sagemaker();
  const options = { abortSignal: signal };
  const description = await describe(sagemaker, name, clients.region, signal);
  const { EndpointConfigName } = description;
  const config = await sagemaker.describeEndpointConfig({ EndpointConfigName }, options);
  const model = await sagemaker.describeModel({ ModelName: config.ProductionVariants?.[0]?.ModelName }, options);
  const environment = model.PrimaryContainer?.Environment ?? {};
  const place = /^s3:\/\/([^/]+)\/(.+\/)output\/?$/.exec(config.AsyncInferenceConfig?.OutputConfig?.S3OutputPath ?? '');
  const { WHISPER_MODEL_REVISION: modelRevision, WHISPER_TRANSCRIBER: transcriber } = environment;
  if (!place?.[1] || !place[2] || !modelRevision || !transcriber) throw notOurs(name);
  return {
    name,
    bucket: place[1],
    prefix: place[2],
    concurrency: config.AsyncInferenceConfig?.ClientConfig?.MaxConcurrentInvocationsPerInstance ?? 1,
    gpu: hasGpu(config.ProductionVariants?.[0]?.InstanceType ?? ''),
    kmsKeyId: config.AsyncInferenceConfig?.OutputConfig?.KmsKeyId,
    model: environment['WHISPER_MODEL'] ?? '',
    modelRevision,
    transcriber,
    description,
  };
}

/** Statuses in which the endpoint takes requests. */
const SERVING = new Set(['InService', 'Updating', 'SystemUpdating', 'RollingBack', 'UpdateRollbackFailed']);

async function describe(sagemaker: SageMaker, name: string, region: string, signal: AbortSignal) {
  const found = await sagemaker.describeEndpoint({ EndpointName: name }, { abortSignal: signal }).catch((error) => {
    if (error.name === 'ValidationException' && /^Could not find endpoint/.test(error.message)) {
      throw new UserError(
        `There is no endpoint "${name}" in ${region}.`,
        'Run this action with mode: deploy first, or correct the inputs endpoint-name and aws-region.',
        { cause: error },
      );
    }
    throw error;
  });
  const status = found.EndpointStatus ?? 'unknown';
  if (!SERVING.has(status)) {
    const reason = found.FailureReason ? `: ${found.FailureReason}` : '';
    throw new UserError(
      `The endpoint "${name}" takes no requests: its status is ${status}${reason}.`,
      status === 'Creating' ? 'Wait until its deploy has finished.' : 'Run this action with mode: deploy again.',
    );
  }
  return found;
}

const notOurs = (name: string): UserError =>
  new UserError(
    `The endpoint "${name}" was not made by this action: its output place or its model's environment (WHISPER_MODEL_REVISION, WHISPER_TRANSCRIBER) is not what deploy sets.`,
    'Name an endpoint that mode: deploy made, or deploy one under another name.',
  );
