import { expect, test } from '@jest/globals';
import { explain } from '../../../src/aws/errors.js';

const named = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, ...more });

test.each<[string, Error, RegExp, RegExp]>([
  ['expired (S3)', named('ExpiredToken', 'The provided token has expired.'), /have expired/, /role-duration-seconds/],
  ['expired (STS, SageMaker)', named('ExpiredTokenException', 'expired'), /have expired/, /again/],
  ['unknown key', named('InvalidClientTokenId', 'invalid'), /does not accept/, /configure-aws-credentials/],
  [
    'unknown key (JSON services)',
    named('UnrecognizedClientException', 'invalid'),
    /does not accept/,
    /role or the keys/,
  ],
  ['no credentials', named('CredentialsProviderError', 'Could not load'), /No AWS credentials/, /id-token: write/],
  [
    'denied, by identity',
    named(
      'AccessDeniedException',
      'User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: sagemaker:CreateModel on resource: arn:aws:sagemaker:us-east-1:123456789012:model/whisper-1 because no identity-based policy allows the sagemaker:CreateModel action',
    ),
    /Access denied/,
    /Allow sagemaker:CreateModel on arn:aws:sagemaker:us-east-1:123456789012:model\/whisper-1 /,
  ],
  ['denied, without a word', named('AccessDenied', 'Access Denied'), /Access denied/, /docs\/rights\.md/],
  [
    'denied, by HEAD',
    named('403', 'UnknownError', { $metadata: { httpStatusCode: 403 } }),
    /Access denied/,
    /docs\/rights\.md/,
  ],
  [
    'quota',
    named('ResourceLimitExceeded', "The account-level service limit 'ml.g5.xlarge for endpoint usage' is 0 Instances"),
    /ml\.g5\.xlarge for endpoint usage/,
    /Service Quotas/,
  ],
  [
    'quota of models',
    named('ResourceLimitExceeded', "The account-level service limit 'Total number of models' is 1000"),
    /number of models/,
    /Amazon SageMaker.*mode: prune/,
  ],
  ['too many buckets', named('TooManyBuckets', 'You have attempted'), /S3 buckets/, /`bucket`.*Amazon S3/],
  [
    'limit of ECR or Application Auto Scaling',
    named('LimitExceededException', 'It would exceed a limit'),
    /quota/,
    /ECR.*Application Auto Scaling/,
  ],
  ['too many alarms', named('LimitExceeded', 'The quota for alarms'), /quota/, /CloudWatch alarms/],
  ['throttled', named('ThrottlingException', 'Rate exceeded'), /throttled/, /again/],
  [
    'no such host',
    named('Error', 'getaddrinfo ENOTFOUND sts.eu-west-9.amazonaws.com', {
      code: 'ENOTFOUND',
      hostname: 'sts.eu-west-9.amazonaws.com',
    }),
    /sts\.eu-west-9\.amazonaws\.com/,
    /aws-region/,
  ],
  [
    'all addresses refuse',
    named('AggregateError', '', {
      errors: [named('Error', 'connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' })],
    }),
    /ECONNREFUSED 127\.0\.0\.1:1/,
    /proxy, firewall/,
  ],
  ['clock', named('RequestTimeTooSkewed', 'The difference is too large.'), /clock/, /clock/],
])('%s', (_case, error, message, remedy) => {
  const explained = explain(error);
  expect(explained?.message).toMatch(message);
  expect(explained?.remedy).toMatch(remedy);
  expect(explained?.cause).toBeDefined();
});

test('what is not known is not explained', () => {
  expect(explain(named('ValidationException', '1 validation error detected'))).toBeUndefined();
  expect(explain(new TypeError('x is not a function'))).toBeUndefined();
  expect(explain('a string')).toBeUndefined();
});
