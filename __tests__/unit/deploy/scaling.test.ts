import { describe, expect, test } from '@jest/globals';
import { desiredScaling } from '../../../src/deploy/scaling.js';
import { deploySettings } from '../../helpers/deploy-settings.ts';

const scaling = (overrides = {}) => desiredScaling(deploySettings(overrides));
const policy = (purpose: string, overrides = {}) =>
  scaling(overrides).policies.find(({ PolicyName }) => PolicyName === `whisper-${purpose}`);
const alarm = (purpose: string, overrides = {}) =>
  scaling(overrides).alarms.find(({ AlarmName }) => AlarmName === `whisper-${purpose}`);

test('the target holds the limits, and nothing of it is suspended', () => {
  expect(scaling({ minInstances: 1, maxInstances: 4 }).target).toEqual({
    ServiceNamespace: 'sagemaker',
    ResourceId: 'endpoint/whisper/variant/AllTraffic',
    ScalableDimension: 'sagemaker:variant:DesiredInstanceCount',
    MinCapacity: 1,
    MaxCapacity: 4,
    SuspendedState: {
      DynamicScalingInSuspended: false,
      DynamicScalingOutSuspended: false,
      ScheduledScalingSuspended: false,
    },
  });
});

describe('0 to 1', () => {
  test('one minute with a backlog and no instance starts one', () => {
    expect(alarm('wake')).toMatchObject({
      MetricName: 'HasBacklogWithoutCapacity',
      Dimensions: [{ Name: 'EndpointName', Value: 'whisper' }],
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      ActionsEnabled: true,
      policyName: 'whisper-wake',
    });
  });

  test.each([
    [0, 1],
    [3, 3],
  ])('with a minimum of %d it goes to exactly %d', (minInstances, count) => {
    expect(policy('wake', { minInstances, maxInstances: 5 })?.StepScalingPolicyConfiguration).toMatchObject({
      AdjustmentType: 'ExactCapacity',
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: count }],
    });
  });
});

describe('1 to N', () => {
  test('by the backlog of each instance, and never down', () => {
    expect(
      policy('backlog', { maxInstances: 2, backlogPerInstance: 7 })?.TargetTrackingScalingPolicyConfiguration,
    ).toMatchObject({
      TargetValue: 7,
      DisableScaleIn: true,
      CustomizedMetricSpecification: {
        Namespace: 'AWS/SageMaker',
        MetricName: 'ApproximateBacklogSizePerInstance',
        Dimensions: [{ Name: 'EndpointName', Value: 'whisper' }],
        Statistic: 'Average',
      },
    });
  });

  test('with one instance at most there is nothing to track, and a policy of before goes', () => {
    expect(policy('backlog')).toBeUndefined();
    expect(scaling().unwantedPolicies).toEqual(['whisper-backlog']);
    expect(scaling({ maxInstances: 2 }).unwantedPolicies).toEqual([]);
  });
});

describe('down to the minimum', () => {
  test('all at once', () => {
    expect(policy('idle', { minInstances: 1 })?.StepScalingPolicyConfiguration).toMatchObject({
      AdjustmentType: 'ExactCapacity',
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
    });
  });

  test('after idle-minutes of as many in which nothing waits and nothing works', () => {
    expect(alarm('idle', { idleMinutes: 12 })).toMatchObject({
      EvaluationPeriods: 12,
      DatapointsToAlarm: 12,
      TreatMissingData: 'notBreaching',
      Threshold: 1,
      policyName: 'whisper-idle',
    });
  });

  test('a minute with a backlog is not idle, one without utilisation does not count', () => {
    const metrics = alarm('idle')?.Metrics ?? [];
    expect(metrics.find(({ ReturnData }) => ReturnData)?.Expression).toBe(
      'IF(FILL(backlog,0)>=1, 0, IF(gpu<1 AND cpu<20, 1, 0))',
    );
    expect(metrics.filter(({ ReturnData }) => ReturnData)).toHaveLength(1);
    for (const { MetricStat } of metrics.filter((metric) => metric.MetricStat)) {
      expect(MetricStat).toMatchObject({ Period: 60, Stat: 'Maximum' });
    }
  });

  test('a CPU type has no GPU to ask', () => {
    const { Metrics = [] } = alarm('idle', { instanceTypes: ['ml.c7i.xlarge'] }) ?? {};
    expect(Metrics.map(({ Id }) => Id)).toEqual(['backlog', 'cpu', 'idle']);
    expect(Metrics.at(-1)?.Expression).toBe('IF(FILL(backlog,0)>=1, 0, IF(cpu<20, 1, 0))');
  });

  test('the backlog has one dimension, utilisation two', () => {
    const dimensions = Object.fromEntries(
      (alarm('idle')?.Metrics ?? []).map(({ Id, MetricStat }) => [
        Id,
        MetricStat?.Metric?.Dimensions?.map(({ Name }) => Name),
      ]),
    );
    expect(dimensions).toMatchObject({
      backlog: ['EndpointName'],
      cpu: ['EndpointName', 'VariantName'],
      gpu: ['EndpointName', 'VariantName'],
    });
  });
});
