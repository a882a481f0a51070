import type { ScalingPolicy } from '@aws-sdk/client-application-auto-scaling';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { type Change, isChange } from '../../../src/deploy/changes.js';
import type { Desired } from '../../../src/deploy/desired.js';
import { startProgress } from '../../../src/deploy/progress.js';
import { alarms } from '../../../src/deploy/resources/alarms.js';
import { bucket } from '../../../src/deploy/resources/bucket.js';
import { endpointResource, type FoundEndpoint } from '../../../src/deploy/resources/endpoint.js';
import { endpointConfig } from '../../../src/deploy/resources/endpoint-config.js';
import { image } from '../../../src/deploy/resources/image.js';
import { model } from '../../../src/deploy/resources/model.js';
import { repository } from '../../../src/deploy/resources/repository.js';
import { scalableTarget } from '../../../src/deploy/resources/scalable-target.js';
import { scalingPolicies } from '../../../src/deploy/resources/scaling-policies.js';
import { weightsResource } from '../../../src/deploy/resources/weights.js';
import { deploySettings } from '../../helpers/deploy-settings.ts';
import { desired, known, materials } from '../../helpers/desired.ts';

const wanted = desired();
const changes = (compared: Change[]): Change[] => compared.filter(isChange);
const weights = weightsResource(materials.weights);
const endpoint = endpointResource(deploySettings(), startProgress({ clock: systemClock }, 60));

test('nothing is there: everything is created', () => {
  const all = [
    ...bucket.compare(wanted, undefined),
    ...weights.compare(wanted, new Map()),
    ...repository.compare(wanted, undefined),
    ...image.compare(wanted, undefined),
    ...model.compare(wanted, false),
    ...endpointConfig.compare(wanted, false),
    ...endpoint.compare(wanted, undefined),
    ...scalableTarget.compare(wanted, undefined),
    ...scalingPolicies.compare(wanted, new Map()),
    ...alarms.compare(wanted, new Map()),
  ];
  expect(all.every(({ action, fields }) => action === 'create' && fields.length === 0)).toBe(true);
  expect(all.map(({ resource, name }) => `${resource} ${name}`)).toEqual([
    'bucket whisper-sagemaker-123456789012-us-east-1',
    'model weights s3://whisper-sagemaker-123456789012-us-east-1/whisper/models/bbbbbbbbbbbb/',
    'ECR repository whisper-sagemaker',
    'image whisper-sagemaker:aaaaaaaaaaaaaaaa',
    `model ${wanted.model?.ModelName}`,
    `endpoint configuration ${wanted.endpointConfig?.EndpointConfigName}`,
    'endpoint whisper',
    'scalable target whisper',
    'scaling policy whisper-wake',
    'scaling policy whisper-idle',
    'alarm whisper-wake',
    'alarm whisper-idle',
  ]);
});

describe('weights', () => {
  test('complete: nothing; a file that is missing or of another size: that file', () => {
    const whole = new Map([
      ['config.json', 2],
      ['model.bin', 1000],
    ]);
    expect(changes(weights.compare(wanted, whole))).toEqual([]);
    const [change] = weights.compare(
      wanted,
      new Map([
        ['config.json', 2],
        ['model.bin', 999],
      ]),
    );
    expect(change).toMatchObject({ action: 'update', fields: [{ field: 'model.bin', old: '999', new: '1000' }] });
  });
});

describe('a given image and a given bucket', () => {
  test('are used as they are', () => {
    const given = desired({ bucket: 'mine' });
    expect(changes(bucket.compare(given, undefined))).toEqual([]);
    const source = { ...materials.image, kind: 'given', repositoryUri: 'r/x', labelLength: 16 } as Desired['image'];
    expect(changes(image.compare({ ...wanted, image: source }, undefined))).toEqual([]);
  });
});

describe('our own bucket', () => {
  const open = { publicAccess: {}, rules: [] };

  test('a public access block that was opened and rules that were lost are put back', () => {
    const [change] = changes(bucket.compare(wanted, open));
    expect(change?.action).toBe('update');
    expect(change?.fields.map(({ field }) => field)).toEqual([
      'PublicAccessBlock.BlockPublicAcls',
      'PublicAccessBlock.IgnorePublicAcls',
      'PublicAccessBlock.BlockPublicPolicy',
      'PublicAccessBlock.RestrictPublicBuckets',
      'Lifecycle.incomplete-uploads',
      'Lifecycle.whisper-input',
      'Lifecycle.whisper-output',
      'Lifecycle.whisper-failure',
      'Lifecycle.whisper-jobs',
    ]);
  });
});

describe('the endpoint', () => {
  const config = wanted.endpointConfig?.EndpointConfigName ?? '';
  const found = (description: Partial<DescribeEndpointOutput>, serves?: FoundEndpoint['serves']) => ({
    endpoint: {
      EndpointName: 'whisper',
      EndpointStatus: 'InService',
      EndpointConfigName: 'whisper-old',
      ...description,
    } as never,
    serves,
  });

  test('serving what is wanted: nothing', () => {
    expect(changes(endpoint.compare(wanted, found({ EndpointConfigName: config })))).toEqual([]);
  });

  test('Updating because of scaling: nothing, and nothing is waited for', () => {
    const scaled = found({ EndpointConfigName: config, EndpointStatus: 'Updating' });
    expect(changes(endpoint.compare(wanted, scaled))).toEqual([]);
    expect(endpoint.learn?.(scaled)).toMatchObject({ deploying: false });
  });

  test.each<[string, Partial<DescribeEndpointOutput>]>([
    ['an earlier run created it', { EndpointStatus: 'Creating', EndpointConfigName: config }],
    [
      'an earlier run updates it',
      { EndpointStatus: 'Updating', PendingDeploymentSummary: { EndpointConfigName: config } },
    ],
  ])('on its way to what is wanted (%s): nothing to change, but to wait for', (_why, description) => {
    const underway = found(description);
    expect(changes(endpoint.compare(wanted, underway))).toEqual([]);
    expect(endpoint.learn?.(underway)).toMatchObject({ deploying: true });
  });

  test('on its way to something else: update', () => {
    const description = { EndpointStatus: 'Updating', PendingDeploymentSummary: { EndpointConfigName: 'other' } };
    const [change] = changes(endpoint.compare(wanted, found({ ...description, EndpointConfigName: config } as never)));
    expect(change?.action).toBe('update');
  });

  test('the change says what differs from what is served', () => {
    const served = desired({ instanceTypes: ['ml.g5.xlarge'], computeType: 'int8' });
    const [change] = changes(
      endpoint.compare(wanted, found({}, { config: served.endpointConfig, model: served.model, version: undefined })),
    );
    expect(change?.fields).toEqual([
      { field: 'EndpointConfigName', old: 'whisper-old', new: config },
      { field: 'PrimaryContainer.Environment.WHISPER_COMPUTE_TYPE', old: 'int8', new: 'auto' },
      { field: 'InstanceType', old: 'ml.g5.xlarge', new: 'ml.g4dn.xlarge' },
    ]);
  });

  test('what was wanted once and is not any more is a difference, too', () => {
    const served = desired({
      instanceTypes: ['ml.p3.2xlarge'],
      volumeSize: 100,
      kmsKeyId: 'alias/mine',
      subnets: ['subnet-11111111'],
      securityGroupIds: ['sg-11111111'],
      successTopic: 'arn:aws:sns:us-east-1:123456789012:done',
      errorTopic: 'arn:aws:sns:us-east-1:123456789012:failed',
    });
    const cpu = desired({ instanceTypes: ['ml.c7i.xlarge'], errorTopic: 'arn:aws:sns:us-east-1:123456789012:failed' });
    const [change] = changes(
      endpoint.compare(cpu, found({}, { config: served.endpointConfig, model: served.model, version: undefined })),
    );
    const removed = change?.fields.filter(({ new: now }) => now === '').map(({ field }) => field);
    expect(removed?.toSorted()).toEqual([
      'AsyncInferenceConfig.OutputConfig.KmsKeyId',
      'AsyncInferenceConfig.OutputConfig.NotificationConfig.SuccessTopic',
      'InferenceAmiVersion',
      'KmsKeyId',
      'VolumeSizeInGB',
      'VpcConfig',
    ]);
  });

  test('instead of one type a pool, and back', () => {
    const one = desired();
    const pool = desired({ instanceTypes: ['ml.g4dn.xlarge', 'ml.g5.xlarge'] });
    const fields = (now: Desired, before: Desired) =>
      changes(
        endpoint.compare(now, found({}, { config: before.endpointConfig, model: before.model, version: undefined })),
      )[0]?.fields.map(({ field }) => field);
    expect(fields(pool, one)).toEqual(expect.arrayContaining(['InstanceType', 'InstancePools']));
    expect(fields(one, pool)).toEqual(expect.arrayContaining(['InstanceType', 'InstancePools']));
  });

  test('that Failed is replaced, also when it has the wanted configuration', () => {
    const failed = found({ EndpointStatus: 'Failed', EndpointConfigName: config });
    expect(changes(endpoint.compare(wanted, failed))).toEqual([
      {
        resource: 'endpoint',
        name: 'whisper',
        action: 'replace',
        fields: [{ field: 'EndpointStatus', old: 'Failed', new: 'InService' }],
      },
    ]);
  });

  test('at work: the change says so, and what becomes of the work', () => {
    const busy = { ...found({}), work: '1 instance at work' };
    expect(endpoint.compare(wanted, busy)[0]?.note).toBe(
      'Work is under way: 1 instance at work; it is waited for, 60 minutes at most (drain-minutes).',
    );
    const hasty = endpointResource(deploySettings({ whenBusy: 'update' }), startProgress({ clock: systemClock }, 60));
    expect(hasty.compare(wanted, busy)[0]?.note).toMatch(/it is cut off/);
  });
});

describe('scaling', () => {
  const asFound = () => ({
    policies: new Map(
      wanted.scaling.policies.map((policy): [string, ScalingPolicy] => [
        policy.PolicyName,
        { ...policy, PolicyARN: known.policyArns?.[policy.PolicyName], CreationTime: new Date(), Alarms: [] } as never,
      ]),
    ),
    alarms: new Map(
      wanted.scaling.alarms.map(({ policyName, ...alarm }): [string, MetricAlarm] => [
        alarm.AlarmName,
        {
          ...alarm,
          AlarmArn: 'arn',
          StateValue: 'OK',
          AlarmActions: [known.policyArns?.[policyName] ?? ''],
          Metrics: alarm.Metrics && [...alarm.Metrics].reverse(),
        } as MetricAlarm,
      ]),
    ),
  });

  test('as wanted: nothing, in whatever order the metrics come back', () => {
    const found = asFound();
    expect(changes(scalableTarget.compare(wanted, { ...wanted.scaling.target, RoleARN: 'arn' } as never))).toEqual([]);
    expect(changes(scalingPolicies.compare(wanted, found.policies))).toEqual([]);
    expect(changes(alarms.compare(wanted, found.alarms))).toEqual([]);
  });

  test('scaling that somebody suspended is taken up again', () => {
    const SuspendedState = { ...wanted.scaling.target.SuspendedState, DynamicScalingInSuspended: true };
    const [change] = changes(scalableTarget.compare(wanted, { ...wanted.scaling.target, SuspendedState } as never));
    expect(change?.fields).toEqual([{ field: 'SuspendedState.DynamicScalingInSuspended', old: 'true', new: 'false' }]);
  });

  test('a policy that was changed is put back, and only that one', () => {
    const { policies } = asFound();
    const idle = policies.get('whisper-idle');
    policies.set('whisper-idle', {
      ...idle,
      StepScalingPolicyConfiguration: { ...idle?.StepScalingPolicyConfiguration, Cooldown: 900 },
    } as ScalingPolicy);
    expect(changes(scalingPolicies.compare(wanted, policies))).toEqual([
      {
        resource: 'scaling policy',
        name: 'whisper-idle',
        action: 'update',
        fields: [{ field: 'StepScalingPolicyConfiguration.Cooldown', old: '900', new: '60' }],
      },
    ]);
  });

  test('the policy of a larger maximum goes with it; a policy of somebody else stays', () => {
    const { policies } = asFound();
    policies.set('whisper-backlog', { PolicyName: 'whisper-backlog' } as ScalingPolicy);
    policies.set('somebodys', { PolicyName: 'somebodys' } as ScalingPolicy);
    expect(changes(scalingPolicies.compare(wanted, policies))).toEqual([
      { resource: 'scaling policy', name: 'whisper-backlog', action: 'delete', fields: [] },
    ]);
  });

  test('an alarm that was switched off, or calls a policy that is gone, is put back', () => {
    const found = asFound().alarms;
    found.set('whisper-idle', { ...found.get('whisper-idle'), ActionsEnabled: false });
    found.set('whisper-wake', { ...found.get('whisper-wake'), AlarmActions: ['arn:policy/gone'] });
    expect(changes(alarms.compare(wanted, found))).toEqual([
      {
        resource: 'alarm',
        name: 'whisper-wake',
        action: 'update',
        fields: [{ field: 'AlarmActions[0]', old: 'arn:policy/gone', new: 'arn:policy/wake' }],
      },
      {
        resource: 'alarm',
        name: 'whisper-idle',
        action: 'update',
        fields: [{ field: 'ActionsEnabled', old: 'false', new: 'true' }],
      },
    ]);
  });
});
