import { QUOTA_REMEDY } from '../aws/errors.js';

/** What a text of SageMaker or of a container's log most likely means, and what to do about it. */
export interface Cause {
  pattern: RegExp;
  cause: string;
  remedy: string;
}

const MEMORY_REMEDY =
  'Take a larger `instance-type`, a smaller `model`, `compute-type: int8_float16`, or a lower `max-concurrent-invocations`.';
const DRIVER_REMEDY =
  'Leave `inference-ami-version` empty, or choose the one that has the driver that the image needs: al2-ami-sagemaker-inference-gpu-3-1 for CUDA 12, al2023-ami-sagemaker-inference-gpu-4-1 for CUDA 13.';

/**
 * What a container says before it ends, most telling first: it knows more than the FailureReason, which only says that it
 * did not come up. Texts: CTranslate2, the CUDA runtime, the dynamic loader, and container/.
 */
const IN_THE_LOG: readonly Cause[] = [
  {
    pattern: /CUDA[^\n]*out of memory|CUBLAS_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation/i,
    cause: "The model does not fit the GPU's memory.",
    remedy: MEMORY_REMEDY,
  },
  {
    pattern: /MemoryError|std::bad_alloc|Cannot allocate memory|OOM ?Killed|Out of memory: Killed/i,
    cause: "The model does not fit the instance's memory.",
    remedy: MEMORY_REMEDY,
  },
  {
    pattern:
      /CUDA driver version is insufficient|CUDA 12 finds no device|unsatisfied condition: cuda|no CUDA-capable device/i,
    cause: 'The GPU driver of the host is older than the CUDA version of the image needs.',
    remedy: DRIVER_REMEDY,
  },
  {
    pattern: /libcu\w+\.so[.\d]*(?: is not found|: cannot open)|Unable to load any of \W*libcu/i,
    cause: 'The image lacks a CUDA library, or has it in another version than CTranslate2 needs (CUDA 12, cuBLAS 12).',
    remedy:
      'Build the image by this action (leave `image-uri` empty), or take a base image with cuBLAS 12; images with CUDA 13 do not work.',
  },
  {
    pattern: /illegal memory access|device-side assert|CUBLAS_STATUS_\w+|CUDA failed with error/i,
    cause: 'The GPU, or its driver, failed while it worked.',
    remedy: `Run the step again: another instance is taken. If it happens again: ${DRIVER_REMEDY}`,
  },
  {
    pattern: /do(?:es)? not (?:run on this|support efficient) /i,
    cause: 'The hardware cannot compute in the chosen number format.',
    remedy: 'Set `compute-type: auto`, or another `instance-type`.',
  },
  {
    pattern:
      /has no .*model\.bin|Unable to open file 'model\.bin'|Unsupported model binary version|must hold Whisper weights/i,
    cause: 'The weights are not a Whisper model in the format of CTranslate2.',
    remedy: 'Take another `model`, or convert it with `ct2-transformers-converter --quantization float16`.',
  },
  {
    pattern: /exec format error/i,
    cause: 'The image was built for another processor.',
    remedy: 'Build it for linux/amd64 (`docker build --platform linux/amd64`).',
  },
  {
    pattern: /no space left on device/i,
    cause: "The instance's disk is full.",
    remedy: 'Set `volume-size`, or take an `instance-type` with a disk of its own, such as ml.g5.xlarge.',
  },
  {
    pattern: /cannot_serve/,
    cause: 'The container says by itself why it cannot serve: see the last lines of its log.',
    remedy: 'Mend what it names and run the step again.',
  },
];

/**
 * FailureReasons and refusals. First match wins. Texts: the SageMaker developer guide's troubleshooting pages, the service
 * model, public code and issue reports.
 */
const IN_THE_REASON: readonly Cause[] = [
  {
    pattern: /CapacityError|InsufficientInstanceCapacity|InsufficientCapacity|not enough capacity|Unable to provision/i,
    cause: 'AWS has no instance of this type to give at the moment.',
    remedy:
      'Try again later, or name several types in `instance-type` (for example ml.g5.xlarge, ml.g6.xlarge): the next is taken where the first is not to be had.',
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
    remedy: DRIVER_REMEDY,
  },
  {
    pattern: /ping health check|did not pass the ping|health check/i,
    cause: 'The container started, but did not report that it is ready: it stopped, or could not load the model.',
    remedy:
      'Read its log, and check that the model is in CTranslate2 format and fits the memory of `instance-type` (`compute-type: int8_float16` halves it).',
  },
  {
    pattern: /VolumeSizeInGB/,
    cause: 'Instances of this type have disks of their own, whose size is fixed.',
    remedy: 'Leave `volume-size` empty.',
  },
  {
    pattern: /Could not find model "/,
    cause: 'The model was deleted after this step had made or seen it, by a prune, a destroy or a person.',
    remedy: 'Run the step again: it makes the model anew.',
  },
  {
    pattern: /Could not find endpoint configuration/,
    cause:
      'A configuration was deleted: the wanted one, or the one that the endpoint serves, which SageMaker needs for every change.',
    remedy:
      'Run the step again. If the configuration that is served is gone, the endpoint cannot be changed any more: delete it (mode: destroy) and deploy again.',
  },
  {
    pattern: /Could not find endpoint|Endpoint \S+ of account \d+ not found/,
    cause: 'The endpoint was deleted while this step worked on it.',
    remedy: 'Run the step again.',
  },
  {
    pattern: /Cannot create already existing/,
    cause: 'Something of this name is there already; case does not tell two names of endpoints apart.',
    remedy: 'Take another `endpoint-name`, or the spelling that the endpoint has.',
  },
  {
    pattern: /Cannot update in-progress endpoint/,
    cause: 'The endpoint is being changed: by another deploy, by its scaling, or by SageMaker.',
    remedy: 'Run the step again when it is InService.',
  },
  {
    pattern: /DeregisterScalableTarget/,
    cause: 'The endpoint scales, and its scaling may not be taken off by this role.',
    remedy:
      'Allow application-autoscaling:DeregisterScalableTarget on the scalable target of the endpoint to the role that runs the step (docs/rights.md).',
  },
  {
    pattern: /scalable target|automatic scaling registered|autoscaling/i,
    cause: 'SageMaker does not change the instance type of an endpoint while it scales.',
    remedy: 'Run the step again: it takes the scaling off before the update, and puts it back afterwards.',
  },
  {
    pattern: /inference component/i,
    cause: 'The endpoint, or what is asked of it, is of another kind: it has inference components.',
    remedy: 'Take another `endpoint-name`.',
  },
  {
    pattern: /sns:Publish/i,
    cause: 'The execution role may not write to the topics. A policy on the topic alone is not enough.',
    remedy:
      'Allow sns:Publish on `success-topic` and `error-topic` in the policy of the execution role (docs/rights.md).',
  },
  {
    pattern: /s3:PutObject|s3:ListBucket|PutObject|output path/i,
    cause: 'The execution role may not write the answers to the bucket.',
    remedy:
      "The role in `execution-role-arn` needs s3:PutObject and s3:AbortMultipartUpload on the endpoint's folder, and s3:ListBucket on the bucket itself, not on bucket/* (docs/rights.md).",
  },
  {
    pattern: /model data|ModelData|Failed to download|download.*(?:S3|model)/i,
    cause: 'The instance could not load the weights from S3.',
    remedy:
      'The role in `execution-role-arn` needs s3:GetObject on the weights and s3:ListBucket on their bucket (docs/rights.md); the bucket must be in the region of the endpoint.',
  },
  {
    pattern: /manifest media type/i,
    cause: "The image has an OCI manifest, and SageMaker takes Docker's own only.",
    remedy:
      'Build it with `docker buildx build --provenance=false --output type=image,push=true,oci-mediatypes=false`, under another tag.',
  },
  {
    pattern: /non-ECR image/i,
    cause: 'SageMaker takes images from ECR only.',
    remedy: 'Push the image to an ECR repository in the region, and name that in `image-uri`.',
  },
  {
    pattern: /pull|ECR|\bimage\b/i,
    cause: 'The image could not be pulled.',
    remedy:
      'The role in `execution-role-arn` needs ecr:GetAuthorizationToken, ecr:BatchCheckLayerAvailability, ecr:GetDownloadUrlForLayer and ecr:BatchGetImage on the repository (docs/rights.md); the image must be in the region of the endpoint, and a repository of another account must allow it.',
  },
  {
    pattern: /kms|encryption key/i,
    cause: 'The key in `kms-key-id` may not be used.',
    remedy:
      'Allow kms:Decrypt and kms:GenerateDataKey on the key to the execution role, and kms:CreateGrant to the role that runs the step.',
  },
  {
    pattern: /role|assume|authori[sz]ed|permission|AccessDenied/i,
    cause: 'The execution role may not do what the endpoint needs.',
    remedy:
      'Compare the role in `execution-role-arn` with docs/rights.md: it must trust sagemaker.amazonaws.com. A role that was just made works after a minute.',
  },
  {
    pattern: /Received server error|error from (?:primary|model)/i,
    cause: 'The container answered a request with an error.',
    remedy: 'Read its log.',
  },
  {
    pattern: /DeleteEndpoint|status Failed/,
    cause: 'The endpoint Failed before.',
    remedy: 'Set `replace-failed: true`, or delete the endpoint, and run the step again.',
  },
  {
    pattern: /Request to service failed|internal (?:server )?error|InternalFailure|ServiceUnavailable/i,
    cause: 'SageMaker itself failed.',
    remedy: 'Run the step again.',
  },
];

/** The likely cause of a failure in words; `undefined` when it is none of the known. Pure. */
export function likelyCause(reason: string, log: readonly string[] = []): Omit<Cause, 'pattern'> | undefined {
  const text = log.join('\n');
  const found =
    IN_THE_LOG.find(({ pattern }) => pattern.test(text)) ?? IN_THE_REASON.find(({ pattern }) => pattern.test(reason));
  return found && { cause: found.cause, remedy: found.remedy };
}
