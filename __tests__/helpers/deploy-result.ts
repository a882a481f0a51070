import type { DeployResult } from '../../src/deploy/result.js';

/** What a deploy has to tell that changed the endpoint only. */
export function deployResult(overrides: Partial<DeployResult> = {}): DeployResult {
  const bucket = { resource: 'bucket', name: 'whisper-sagemaker-123456789012-us-east-1', fields: [] };
  const endpoint = {
    resource: 'endpoint',
    name: 'whisper',
    action: 'update' as const,
    fields: [
      { field: 'container', old: '1.2.0', new: '1.3.0' },
      { field: 'ExecutionRoleArn', old: 'arn:aws:iam::123456789012:role/a', new: 'arn:aws:iam::123456789012:role/b' },
    ],
  };
  return {
    endpointName: 'whisper',
    endpointArn: 'arn:aws:sagemaker:us-east-1:123456789012:endpoint/whisper',
    imageRepository: 'whisper-sagemaker',
    imageDigest: `sha256:${'d'.repeat(64)}`,
    registryId: undefined,
    modelData: 's3://bucket/whisper/models/b/',
    changes: [endpoint],
    planned: [{ ...bucket, action: 'unchanged' }, endpoint],
    deploying: false,
    steps: [
      { step: 'plan', seconds: 0.42, failed: false },
      { step: 'endpoint', seconds: 1.5, failed: false },
      { step: 'wait', seconds: 431.2, failed: false },
    ],
    ...overrides,
  };
}
