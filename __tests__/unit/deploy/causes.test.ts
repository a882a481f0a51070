import { describe, expect, test } from '@jest/globals';
import { likelyCause } from '../../../src/deploy/causes.js';

/** Text, what the cause must say, what the remedy must name. */
type Row = [text: string, cause: RegExp, remedy: RegExp];

// Texts as SageMaker gives them: its service model, the developer guide, public code and issue reports.
describe('a FailureReason or a refusal', () => {
  test.each<Row>([
    [
      'CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.',
      /no instance/,
      /instance-type/,
    ],
    ['InsufficientInstanceCapacity', /no instance/, /instance-type/],
    ['InsufficientCapacity: we have not enough capacity in this zone', /no instance/, /several types/],
    ['There is not enough capacity to fulfil the request', /no instance/, /instance-type/],
    [
      "ResourceLimitExceeded: The account-level service limit 'ml.g5.xlarge for endpoint usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances.",
      /quota/,
      /Service Quotas/,
    ],
    [
      'CannotStartContainerError. Please ensure the model container for variant AllTraffic starts correctly',
      /driver/,
      /inference-ami-version/,
    ],
    [
      'The primary container for production variant AllTraffic did not pass the ping health check. Please check CloudWatch logs for this endpoint.',
      /not report that it is ready/,
      /log/,
    ],
    [
      'Role "arn:aws:iam::1:role/x" cannot pull 1.dkr.ecr.us-east-1.amazonaws.com/x@sha256:1. Ensure that the role exists and the image was granted pull permission.',
      /image/,
      /ecr:BatchGetImage/,
    ],
    ['Failed to pull the image 1.dkr.ecr.us-east-1.amazonaws.com/x', /image/, /ecr:BatchGetImage/],
    ['Could not find model data at s3://bucket/whisper/models/1/.', /weights/, /s3:GetObject/],
    ['Failed to download model data from S3', /weights/, /s3:GetObject/],
    [
      'Could not access model data at s3://bucket/x/. Please ensure that the role "arn:aws:iam::1:role/x" exists and that its trust relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object is located in us-east-1.',
      /weights/,
      /s3:GetObject/,
    ],
    [
      "Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.",
      /role/,
      /trust sagemaker\.amazonaws\.com/,
    ],
    [
      'The execution role is invalid: it is missing sns:Publish permission on the topic arn:aws:sns:us-east-1:1:done',
      /topics/,
      /success-topic/,
    ],
    [
      'The execution role is invalid: it is missing s3:PutObject permission on the output path s3://bucket/whisper/output',
      /write the answers/,
      /s3:PutObject/,
    ],
    ['The execution role is invalid: it is missing s3:ListBucket permission', /write the answers/, /not on bucket\/\*/],
    [
      'An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity arn:aws:iam::1:role/x does not have application-autoscaling:DeregisterScalableTarget permission',
      /scales/,
      /Allow application-autoscaling:DeregisterScalableTarget/,
    ],
    [
      'The variant AllTraffic of endpoint whisper has automatic scaling registered. Deregister its scalable target before an update that changes its instance type or removes it.',
      /while it scales/,
      /takes the scaling off/,
    ],
    [
      'ManagedInstanceScaling is only supported for inference component endpoints.',
      /inference components/,
      /endpoint-name/,
    ],
    ['VolumeSizeInGB is not supported for instance type ml.g5.2xlarge.', /disks of their own/, /volume-size/],
    ['Could not find model "arn:aws:sagemaker:us-east-1:1:model/whisper-1".', /model was deleted/, /again/],
    [
      'Could not find endpoint configuration "arn:aws:sagemaker:us-east-1:1:endpoint-config/whisper-1".',
      /configuration was deleted/,
      /again/,
    ],
    ['Could not find endpoint "arn:aws:sagemaker:us-east-1:1:endpoint/whisper".', /endpoint was deleted/, /again/],
    ['Endpoint whisper of account 123456789012 not found.', /endpoint was deleted/, /again/],
    [
      'Cannot create already existing endpoint "arn:aws:sagemaker:us-east-1:1:endpoint/whisper".',
      /there already/,
      /endpoint-name/,
    ],
    ['Cannot create already existing model "arn".', /there already/, /endpoint-name/],
    ['Cannot create already existing endpoint configuration "arn".', /there already/, /endpoint-name/],
    [
      'Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:1:endpoint/whisper".',
      /being changed/,
      /InService/,
    ],
    [
      'Endpoint in status Failed: DeleteEndpoint is the only operation that can be performed',
      /Failed/,
      /replace-failed/,
    ],
    [
      'Unsupported manifest media type application/vnd.oci.image.manifest.v1+json for image x. Ensure that valid manifest media type is used for specified image.',
      /OCI/,
      /oci-mediatypes=false/,
    ],
    ['Using non-ECR image "docker.io/x" without Vpc repository access mode is not supported.', /ECR only/, /image-uri/],
    ['KMS key arn:aws:kms:us-east-1:1:key/x could not be used', /kms-key-id/, /kms:GenerateDataKey/],
    [
      'ClientError: Received server error (500) from model with message "CUDA"',
      /container answered a request with an error/,
      /log/,
    ],
    [
      'Request to service failed. If failure persists after retry, contact customer support.',
      /SageMaker itself/,
      /again/,
    ],
  ])('%s', (reason, cause, remedy) => {
    expect(likelyCause(reason)?.cause).toMatch(cause);
    expect(likelyCause(reason)?.remedy).toMatch(remedy);
  });
});

describe("a line of the container's log says more than the FailureReason", () => {
  const reason = 'The primary container for production variant AllTraffic did not pass the ping health check.';

  // Texts: CTranslate2, torch, the CUDA runtime, the dynamic loader, the kernel, container/.
  test.each<Row>([
    ['RuntimeError: CUDA failed with error out of memory', /GPU's memory/, /int8_float16/],
    ['torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB.', /GPU's memory/, /instance-type/],
    ['terminate called after throwing an instance of std::bad_alloc', /instance's memory/, /instance-type/],
    [
      'RuntimeError: CUDA failed with error CUDA driver version is insufficient for CUDA runtime version',
      /driver/,
      /gpu-3-1/,
    ],
    [
      '{"event":"cannot_serve","reason":"this machine has an NVIDIA driver, but CUDA 12 finds no device: the driver is probably older than 525."}',
      /driver/,
      /inference-ami-version/,
    ],
    ['RuntimeError: Library libcublas.so.12 is not found or cannot be loaded', /CUDA library/, /CUDA 13/],
    [
      'Could not load library libcudnn_ops_infer.so.8. Error: libcudnn_ops_infer.so.8: cannot open shared object file',
      /CUDA library/,
      /image-uri/,
    ],
    ['Unable to load any of {libcudnn_ops.so.9.1.0, libcudnn_ops.so.9}', /CUDA library/, /image-uri/],
    ['RuntimeError: CUDA error: an illegal memory access was encountered', /GPU, or its driver/, /another instance/],
    ['RuntimeError: CUDA error: device-side assert triggered', /GPU, or its driver/, /another instance/],
    [
      'ValueError: Requested float16 compute type, but the target device or backend do not support efficient float16 computation.',
      /number format/,
      /compute-type: auto/,
    ],
    ['WHISPER_COMPUTE_TYPE float16 does not run on this cpu device; use int8', /number format/, /compute-type/],
    [
      "RuntimeError: Unable to open file 'model.bin' in model '/opt/ml/model'",
      /not a Whisper model/,
      /ct2-transformers-converter/,
    ],
    ['exec /usr/bin/serve: exec format error', /another processor/, /linux\/amd64/],
    ['OSError: [Errno 28] No space left on device', /disk is full/, /volume-size/],
    ['{"event":"cannot_serve","reason":"WHISPER_CONCURRENCY must be a number"}', /says by itself/, /names/],
  ])('%s', (line, cause, remedy) => {
    const found = likelyCause(reason, ['starting', line, 'bye']);
    expect(found?.cause).toMatch(cause);
    expect(found?.remedy).toMatch(remedy);
  });

  test('a line that says nothing of a failure leaves the reason its word', () => {
    const log = ['loading libcublas.so.12', 'GET /ping 200', 'CUDA 12.8 image, model in memory'];
    expect(likelyCause(reason, log)?.cause).toMatch(/not report that it is ready/);
  });
});

test('nothing is made up for a reason that is not known', () => {
  expect(likelyCause('The moon is full.')).toBeUndefined();
  expect(likelyCause('')).toBeUndefined();
});
