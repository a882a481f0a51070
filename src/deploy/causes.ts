import { QUOTA_REMEDY } from '../aws/errors.js';

/** What a FailureReason of SageMaker most likely means, and what to do about it. */
export interface Cause {
  pattern: RegExp;
  cause: string;
  remedy: string;
}

/** First match wins. Texts: the SageMaker developer guide's troubleshooting pages and public issue reports. */
const CAUSES: readonly Cause[] = [
  {
    pattern: /CapacityError|InsufficientInstanceCapacity|InsufficientCapacity|not enough capacity|Unable to provision/i,
    cause: 'AWS has no instance of this type to give at the moment.',
    remedy: 'Try again later, or take another `instance-type` (for example ml.g5.xlarge or ml.g6.xlarge).',
  },
  {
    pattern: /ResourceLimitExceeded|service limit|quota/i,
    cause: 'The account has no quota left for this instance type.',
    remedy: QUOTA_REMEDY,
  },
  {
    pattern: /CannotStartContainer/i,
    cause:
      'The container could not be started. Without any log lines, the GPU driver of the host does not fit the CUDA version of the image.',
    remedy:
      'Leave `inference-ami-version` empty, or choose the one that has the driver that the image needs (al2-ami-sagemaker-inference-gpu-3-1 for CUDA 12).',
  },
  {
    pattern: /ping health check|did not pass the ping|health check/i,
    cause: 'The container started, but did not report that it is ready: it stopped, or could not load the model.',
    remedy:
      'Read its log, and check that the model is in CTranslate2 format and fits the memory of `instance-type` (`compute-type: int8_float16` halves it).',
  },
  {
    pattern: /model data|ModelData|download.*(S3|model)|Failed to download/i,
    cause: 'The instance could not load the weights from S3.',
    remedy:
      'The role in `execution-role-arn` needs s3:GetObject on the weights and s3:ListBucket on their bucket (see docs/deploy.md); the bucket must be in the region of the endpoint.',
  },
  {
    pattern: /manifest media type/i,
    cause: "The image has an OCI manifest, and SageMaker takes Docker's own only.",
    remedy:
      'Build it with `docker buildx build --provenance=false --output type=image,push=true,oci-mediatypes=false`, under another tag.',
  },
  {
    pattern: /pull|ECR|image/i,
    cause: 'The image could not be pulled.',
    remedy:
      'The role in `execution-role-arn` needs ecr:GetAuthorizationToken, ecr:BatchCheckLayerAvailability, ecr:GetDownloadUrlForLayer and ecr:BatchGetImage on the repository (see docs/deploy.md); the image must be in the region of the endpoint.',
  },
  {
    pattern: /role|assume|authori[sz]ed|permission|AccessDenied/i,
    cause: 'The execution role may not do what the endpoint needs.',
    remedy:
      'Compare the role in `execution-role-arn` with docs/deploy.md: it must trust sagemaker.amazonaws.com. A role that was just made works after a minute.',
  },
  {
    pattern: /Request to service failed|internal (server )?error|InternalFailure/i,
    cause: 'SageMaker itself failed.',
    remedy: 'Run the step again.',
  },
];

/** The likely cause of a FailureReason in words; `undefined` when it is none of the known. */
export function likelyCause(reason: string): Omit<Cause, 'pattern'> | undefined {
  const found = CAUSES.find(({ pattern }) => pattern.test(reason));
  return found && { cause: found.cause, remedy: found.remedy };
}
