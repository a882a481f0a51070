import { UserError } from '../errors.js';
import { EXPIRED, statusOf } from './error-name.js';

/** What a family of AWS errors means to the person whose step failed. */
interface Explanation {
  names: readonly string[];
  explain(error: Error): { message: string; remedy: string };
}

const EXPLANATIONS: readonly Explanation[] = [
  {
    names: EXPIRED,
    explain: (error) => ({
      message: `The AWS credentials have expired: ${error.message}`,
      remedy:
        'Run the step again: it continues where it stopped. A deploy can take more than an hour: let the action take the role itself (`role-to-assume`), which renews its credentials, or raise `role-duration-seconds` of aws-actions/configure-aws-credentials and the maximum session duration of the role.',
    }),
  },
  {
    names: [
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'InvalidAccessKeyId',
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
      'IncompleteSignature',
      'AuthFailure',
    ],
    explain: (error) => ({
      message: `AWS does not accept these credentials: ${error.message}`,
      remedy:
        'Check the role or the keys that aws-actions/configure-aws-credentials was given, and that they belong to the partition of the region.',
    }),
  },
  {
    names: ['CredentialsProviderError'],
    explain: () => ({
      message: 'No AWS credentials were found.',
      remedy:
        'Set `role-to-assume` and give the job `permissions: id-token: write`, or run aws-actions/configure-aws-credentials before this step.',
    }),
  },
  {
    names: [
      'AccessDenied',
      'AccessDeniedException',
      'AccessDeniedError',
      'AuthorizationError',
      'UnauthorizedOperation',
    ],
    explain: explainDenied,
  },
  {
    names: ['ResourceLimitExceeded', 'LimitExceededException', 'LimitExceeded', 'ServiceQuotaExceededException'],
    explain: (error) => ({
      message: `A quota of the AWS account stands in the way: ${error.message}`,
      remedy: error.message.includes('for endpoint usage') ? QUOTA_REMEDY : remedyOfLimit(error),
    }),
  },
  {
    names: ['TooManyBuckets'],
    explain: (error) => ({
      message: `The AWS account has as many S3 buckets as it may have: ${error.message}`,
      remedy:
        'Give a bucket that is there as `bucket`, remove one that nobody needs, or request an increase: Service Quotas, Amazon S3, "General purpose buckets".',
    }),
  },
  {
    names: [
      'Throttling',
      'ThrottlingException',
      'ThrottledException',
      'TooManyRequestsException',
      'RequestLimitExceeded',
      'RequestThrottled',
      'RequestThrottledException',
      'SlowDown',
    ],
    explain: (error) => ({
      message: `AWS throttled the requests, after five attempts each: ${error.message}`,
      remedy: 'Run the step again in a few minutes: it continues. Jobs that run at the same time share the limit.',
    }),
  },
  {
    names: ['RequestTimeTooSkewed'],
    explain: (error) => ({
      message: `The clock of this machine is wrong: ${error.message}`,
      remedy: "Set the runner's clock: AWS accepts a difference of 15 minutes at most.",
    }),
  },
  {
    names: ['OptInRequired', 'SubscriptionRequiredException', 'RegionDisabledException'],
    explain: (error) => ({
      message: `The AWS account does not have this service in this region: ${error.message}`,
      remedy: 'Enable the region for the account, or take another `aws-region`.',
    }),
  },
];

export const QUOTA_REMEDY =
  'Open Service Quotas, Amazon SageMaker, "<instance type> for endpoint usage", and request an increase: new accounts often have 0 for GPU types. An update needs room for the old and the new instances at once. Or take another `instance-type`.';

/** By the name that each service gives to the error (API references); the message says which of its quotas it is. */
function remedyOfLimit({ name }: Error): string {
  switch (name) {
    case 'ResourceLimitExceeded':
      return 'Request an increase of the quota that the message names: Service Quotas, Amazon SageMaker. `mode: prune` removes old models and configurations.';
    case 'LimitExceeded':
      return 'Remove CloudWatch alarms that nobody needs, or request an increase: Service Quotas, Amazon CloudWatch.';
    default:
      return 'Request an increase of the quota that the message names: Service Quotas, Amazon ECR (repositories, images in a repository: `mode: prune` removes old ones) or Application Auto Scaling (scalable targets, policies of a target).';
  }
}

const NETWORK_CODES = [
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
];

/**
 * An AWS SDK error in the user's words; undefined for an error that is none of the known.
 * Names: the error tables of each service's API reference; `CredentialsProviderError` and the network codes: the SDK, Node.
 */
export function explain(error: unknown): UserError | undefined {
  if (!(error instanceof Error)) return undefined;
  const found = EXPLANATIONS.find(({ names }) => names.includes(error.name));
  if (found) {
    const { message, remedy } = found.explain(error);
    return new UserError(message, remedy, { cause: error });
  }
  // A HEAD request's answer has no body to name the error in.
  if (statusOf(error) === 403) {
    const { message, remedy } = explainDenied(error);
    return new UserError(message, remedy, { cause: error });
  }
  return explainNetwork(error);
}

/** Message of IAM: `User: ARN is not authorized to perform: ACTION on resource: ARN because …`. */
function explainDenied(error: Error): { message: string; remedy: string } {
  const action = /not authorized to perform: ([\w-]+:\w+)/.exec(error.message)?.[1];
  const resource = /on resource: (\S+)/.exec(error.message)?.[1];
  return {
    message: `Access denied: ${error.message}`,
    remedy:
      action === undefined
        ? 'Compare the policy of the role that this job runs under with docs/rights.md, which lists what each mode needs.'
        : `Allow ${action}${resource === undefined ? '' : ` on ${resource}`} in the policy of the role that this job runs under; docs/rights.md lists what each mode needs.`,
  };
}

function explainNetwork(error: Error): UserError | undefined {
  const { code, hostname, errors } = error as Error & { code?: string; hostname?: string; errors?: unknown[] };
  // Node tries each address of a host and reports all the failures together.
  if (code === undefined && errors?.[0] instanceof Error) return explainNetwork(errors[0]);
  if (error.name !== 'TimeoutError' && (code === undefined || !NETWORK_CODES.includes(code))) return undefined;
  return new UserError(
    `AWS could not be reached${hostname === undefined ? '' : ` at ${hostname}`}: ${error.message}`,
    'Check `aws-region` for a typing error, and that this runner can reach the region (proxy, firewall, VPC endpoints).',
    { cause: error },
  );
}
