import { EndpointStatus } from '@aws-sdk/client-sagemaker';
import { describe, expect, test } from '@jest/globals';
import { phaseOf } from '../../../src/deploy/states.js';
import { requireNew } from '../../../src/deploy/verify.js';
import { progressOf, requireServed } from '../../../src/deploy/wait.js';
import { desired } from '../../helpers/desired.ts';

test('each status that SageMaker has is a phase of ours', () => {
  const phases = Object.fromEntries(Object.values(EndpointStatus).map((status) => [status, phaseOf(status)]));
  expect(phases).toEqual({
    Creating: 'passing',
    Updating: 'passing',
    SystemUpdating: 'passing',
    RollingBack: 'passing',
    Deleting: 'passing',
    InService: 'serving',
    OutOfService: 'broken',
    Failed: 'broken',
    UpdateRollbackFailed: 'broken',
  });
});

describe('served', () => {
  const judge = (description: object | undefined) => () =>
    requireServed('whisper', description as never, 'whisper-new');

  test('in service with what was asked for', () => {
    const endpoint = { EndpointStatus: 'InService', EndpointConfigName: 'whisper-new' };
    expect(judge(endpoint)()).toBe(endpoint);
  });

  test('in service with the old configuration is a failure, with the reason and its likely cause', () => {
    const rolledBack = {
      EndpointStatus: 'InService',
      EndpointConfigName: 'whisper-old',
      FailureReason: 'The primary container did not pass the ping health check.',
    };
    expect(judge(rolledBack)).toThrow(/whisper-new.*whisper-old[\s\S]*ping health check[\s\S]*Likely cause/);
  });

  test.each(['Failed', 'OutOfService', 'UpdateRollbackFailed'])(
    '%s is a failure even with the right name',
    (status) => {
      expect(judge({ EndpointStatus: status, EndpointConfigName: 'whisper-new', FailureReason: 'because' })).toThrow(
        new RegExp(`${status}[\\s\\S]*because`),
      );
    },
  );

  test('gone is a failure', () => {
    expect(judge(undefined)).toThrow(/was deleted/);
  });
});

test('progress says how far each variant is', () => {
  expect(
    progressOf({
      EndpointStatus: 'Updating',
      PendingDeploymentSummary: {
        EndpointConfigName: 'whisper-new',
        ProductionVariants: [
          { VariantName: 'AllTraffic', VariantStatus: [{ Status: 'Creating', StatusMessage: 'Provisioning' }] },
        ],
      },
    } as never),
  ).toBe('Updating, AllTraffic Creating (Provisioning)');
});

describe('the test clip', () => {
  const answer = (fields: object) => () =>
    requireNew(desired(), JSON.stringify({ image: 'a'.repeat(16), model_revision: 'b'.repeat(12), ...fields }));

  test('answered by the new image with the new model', () => {
    expect(answer({})).not.toThrow();
  });

  test('answered by another image or model, or not in JSON', () => {
    expect(answer({ image: 'old' })).toThrow(/image old, not aaaaaaaaaaaaaaaa/);
    expect(answer({ model_revision: undefined })).toThrow(/model revision undefined, not bbbbbbbbbbbb/);
    expect(() => requireNew(desired(), 'hello')).toThrow(/not JSON: hello/);
  });
});
