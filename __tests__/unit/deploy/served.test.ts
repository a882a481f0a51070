import { EndpointStatus } from '@aws-sdk/client-sagemaker';
import { describe, expect, test } from '@jest/globals';
import { explained } from '../../../src/deploy/failure.js';
import { phaseOf, wayOut } from '../../../src/deploy/states.js';
import { requireNew } from '../../../src/deploy/verify.js';
import { failureOf, judge, progressOf, type Seen, type Verdict } from '../../../src/deploy/wait.js';
import { UserError } from '../../../src/errors.js';
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
    Failed: 'failed',
    OutOfService: 'broken',
    UpdateRollbackFailed: 'broken',
  });
});

test('each status in which a person must act says how', () => {
  expect(wayOut('Failed', 'whisper')).toMatch(/replace-failed: true.*delete-endpoint --endpoint-name whisper/);
  expect(wayOut('UpdateRollbackFailed', 'whisper')).toMatch(/still serves.*AWS Support/);
  expect(wayOut('OutOfService', 'whisper')).toMatch(/serves nothing.*delete-endpoint --endpoint-name whisper/);
});

describe('how a wait for whisper-new ended', () => {
  const ended = (endpoint: object | undefined, seen: Partial<Seen> = {}): Verdict =>
    judge(endpoint as never, 'whisper-new', { moved: true, others: new Set(), ...seen });
  const serving = (EndpointConfigName: string, FailureReason?: string) => ({
    EndpointStatus: 'InService',
    EndpointConfigName,
    FailureReason,
  });

  test.each<[string, object | undefined, Partial<Seen>, Verdict]>([
    ['it serves', serving('whisper-new'), {}, 'served'],
    ['it serves, after another deploy has failed', serving('whisper-new', 'x'), { others: new Set(['b']) }, 'served'],
    ['it is back at the one before', serving('whisper-old', 'ping'), { before: 'whisper-old' }, 'taken back'],
    ['back at the one before, and no reason is given', serving('whisper-old'), { before: 'whisper-old' }, 'taken back'],
    ['back so fast that nothing was seen of it', serving('whisper-old', 'ping'), {}, 'taken back'],
    ['another one came up afterwards', serving('b'), { before: 'whisper-old', others: new Set(['b']) }, 'overtaken'],
    ['another one serves, unseen', serving('b'), { before: 'whisper-old' }, 'overtaken'],
    ['the one before was deployed again', serving('a'), { before: 'a', others: new Set(['a']) }, 'overtaken'],
    ['Failed', { EndpointStatus: 'Failed', EndpointConfigName: 'whisper-new' }, {}, 'unhealthy'],
    ['OutOfService', { EndpointStatus: 'OutOfService', EndpointConfigName: 'whisper-new' }, {}, 'unhealthy'],
    ['a mixed fleet', { EndpointStatus: 'UpdateRollbackFailed', EndpointConfigName: 'whisper-new' }, {}, 'unhealthy'],
    ['gone', undefined, {}, 'gone'],
  ])('%s', (_what, endpoint, seen, verdict) => {
    expect(ended(endpoint, seen)).toBe(verdict);
  });

  test('each end but the good one is an error that says what is served now', () => {
    const old = serving('whisper-old', 'ping') as never;
    expect(failureOf('whisper', old, 'whisper-new', 'taken back')).toMatchObject({
      what: expect.stringMatching(/did not take the new configuration whisper-new.*whisper-old, which serves/),
      reason: 'ping',
    });
    expect(failureOf('whisper', old, 'whisper-new', 'overtaken')).toMatchObject({
      name: 'UserError',
      message:
        'Another deploy of the endpoint whisper won: it serves whisper-old, not whisper-new of this one. Nothing is broken.',
    });
    expect(failureOf('whisper', undefined, 'whisper-new', 'gone')).toBeInstanceOf(UserError);
    const mixed = { EndpointStatus: 'UpdateRollbackFailed', FailureReason: 'because' } as never;
    expect(failureOf('whisper', mixed, 'whisper-new', 'unhealthy')).toMatchObject({
      what: 'The endpoint whisper is UpdateRollbackFailed.',
      reason: 'because',
    });
  });
});

describe('a failure', () => {
  const failure = { endpointName: 'whisper', what: 'It failed.', reason: 'no ping health check', remedy: 'Do this.' };

  test('tells the reason, the cause that the log shows, and its last lines, made harmless', () => {
    const lines = ['::set-output name=x::y', 'CUDA failed with error out of memory'];
    const { message, remedy } = explained(failure, { state: 'lines', stream: 'AllTraffic/i-1', lines });
    expect(message.split('\n')).toEqual([
      'It failed.',
      'Reason given: no ping health check',
      "Likely cause: The model does not fit the GPU's memory.",
      'The last lines of its log (/aws/sagemaker/Endpoints/whisper, AllTraffic/i-1):',
      '  ::set-output name=x::y',
      '  CUDA failed with error out of memory',
    ]);
    expect(remedy).toMatch(/instance-type.*Do this\.$/);
  });

  test.each([
    [{ state: 'absent' }, /no container was ever started.*driver/],
    [{ state: 'silent' }, /no line of this deployment/],
    [{ state: 'unreadable', why: 'not authorized to perform: logs:DescribeLogStreams' }, /could not be read: not auth/],
  ] as const)('says what a log that is %p means', (log, says) => {
    expect(explained({ ...failure, reason: undefined }, log).message).toMatch(says);
  });
});

test('progress says which configuration comes, and how far each variant is', () => {
  const PendingDeploymentSummary = {
    EndpointConfigName: 'whisper-new',
    ProductionVariants: [
      { VariantName: 'AllTraffic', VariantStatus: [{ Status: 'Creating', StatusMessage: 'Provisioning' }] },
    ],
  };
  expect(progressOf({ EndpointStatus: 'Updating', PendingDeploymentSummary } as never)).toBe(
    'Updating to whisper-new, AllTraffic Creating (Provisioning)',
  );
  expect(progressOf({ EndpointStatus: 'Creating', EndpointConfigName: 'whisper-1' } as never)).toBe(
    'Creating to whisper-1',
  );
  expect(progressOf({ EndpointStatus: 'Updating', EndpointConfigName: 'whisper-1' } as never)).toBe('Updating');
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
