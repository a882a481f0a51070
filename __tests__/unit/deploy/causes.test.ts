import { expect, test } from '@jest/globals';
import { likelyCause } from '../../../src/deploy/causes.js';

// Texts as SageMaker gives them, from public issue reports.
test.each([
  [
    'CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.',
    /no instance/,
    /instance-type/,
  ],
  ['InsufficientInstanceCapacity', /no instance/, /instance-type/],
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
  ['Failed to download model data from S3', /weights/, /s3:GetObject/],
  ['The role cannot pull 1.dkr.ecr.us-east-1.amazonaws.com/x@sha256:1', /image/, /ecr:BatchGetImage/],
  [
    'Request to service failed. If failure persists after retry, contact customer support.',
    /SageMaker itself/,
    /again/,
  ],
])('%s', (reason, cause, remedy) => {
  expect(likelyCause(reason)?.cause).toMatch(cause);
  expect(likelyCause(reason)?.remedy).toMatch(remedy);
});

test('nothing is made up for a reason that is not known', () => {
  expect(likelyCause('The moon is full.')).toBeUndefined();
  expect(likelyCause('')).toBeUndefined();
});
