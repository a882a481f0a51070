import type { PutScalingPolicyRequest, RegisterScalableTargetRequest } from '@aws-sdk/client-application-auto-scaling';
import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import { endpointMetrics, IDLE_CPU, IDLE_GPU, idleAlarmName, PERIOD } from '../aws/endpoint-metrics.js';
import { scalable } from '../aws/scaling.js';
import type { DeploySettings } from '../settings/deploy.js';
import { hasGpu } from '../settings/instance-types.js';

/** The alarms that call our step policies. */
export const alarmNames = (endpointName: string): [wake: string, idle: string] => [
  `${endpointName}-wake`,
  idleAlarmName(endpointName),
];

export type ScalableTarget = RegisterScalableTargetRequest;
export type ScalingPolicy = PutScalingPolicyRequest & { PolicyName: string };
/** `policyName`: the policy that the alarm calls; its ARN is known once it is there. */
export type ScalingAlarm = PutMetricAlarmInput & { AlarmName: string; policyName: string };

export interface Scaling {
  target: ScalableTarget;
  policies: ScalingPolicy[];
  /** Policies of ours that these settings do without. */
  unwantedPolicies: string[];
  alarms: ScalingAlarm[];
}

/**
 * The scaling that never cuts work off: 0 to 1 as soon as something waits, 1 to N by the backlog, and down to the
 * minimum all at once, only when nothing waits and no instance works (docs/architecture.md).
 */
export function desiredScaling(settings: DeploySettings): Scaling {
  const { endpointName, minInstances, maxInstances } = settings;
  const wake = stepPolicy(endpointName, 'wake', Math.max(1, minInstances));
  const idle = stepPolicy(endpointName, 'idle', minInstances);
  const backlog = backlogPolicy(settings);
  return {
    target: {
      ...scalable(endpointName),
      MinCapacity: minInstances,
      MaxCapacity: maxInstances,
      // Said, so that a suspension that somebody left behind is found.
      SuspendedState: {
        DynamicScalingInSuspended: false,
        DynamicScalingOutSuspended: false,
        ScheduledScalingSuspended: false,
      },
    },
    policies: maxInstances > 1 ? [wake, idle, backlog] : [wake, idle],
    unwantedPolicies: maxInstances > 1 ? [] : [backlog.PolicyName],
    alarms: [wakeAlarm(endpointName, wake.PolicyName), idleAlarm(settings, idle.PolicyName)],
  };
}

/** An exact count, so that it changes nothing when the alarm fires again while an instance starts. */
function stepPolicy(endpointName: string, purpose: 'wake' | 'idle', count: number): ScalingPolicy {
  return {
    ...scalable(endpointName),
    PolicyName: `${endpointName}-${purpose}`,
    PolicyType: 'StepScaling',
    StepScalingPolicyConfiguration: {
      AdjustmentType: 'ExactCapacity',
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: count }],
      MetricAggregationType: 'Maximum',
      Cooldown: PERIOD,
    },
  };
}

/** Its alarms are AWS's own (`TargetTracking-…`). It only ever adds: a backlog that shrinks says nothing about work in progress. */
function backlogPolicy({ endpointName, backlogPerInstance }: DeploySettings): ScalingPolicy {
  return {
    ...scalable(endpointName),
    PolicyName: `${endpointName}-backlog`,
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: backlogPerInstance,
      CustomizedMetricSpecification: {
        Namespace: 'AWS/SageMaker',
        MetricName: 'ApproximateBacklogSizePerInstance',
        // Published by EndpointName alone: with VariantName there is never a data point.
        Dimensions: [{ Name: 'EndpointName', Value: endpointName }],
        Statistic: 'Average',
      },
      // About the time that a new instance needs until it takes work off the backlog.
      ScaleOutCooldown: 300,
      DisableScaleIn: true,
    },
  };
}

function wakeAlarm(endpointName: string, policyName: string): ScalingAlarm {
  return {
    AlarmName: alarmNames(endpointName)[0],
    AlarmDescription: 'Something waits and no instance runs: start one.',
    policyName,
    ActionsEnabled: true,
    Namespace: 'AWS/SageMaker',
    MetricName: 'HasBacklogWithoutCapacity',
    Dimensions: [{ Name: 'EndpointName', Value: endpointName }],
    Statistic: 'Maximum',
    Period: PERIOD,
    EvaluationPeriods: 1,
    DatapointsToAlarm: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'missing',
  };
}

function idleAlarm({ endpointName, idleMinutes, instanceTypes }: DeploySettings, policyName: string): ScalingAlarm {
  const { backlog, cpu, gpu } = endpointMetrics(endpointName);
  const hasGpus = hasGpu(instanceTypes[0]);
  return {
    AlarmName: idleAlarmName(endpointName),
    AlarmDescription: 'Nothing waits and no instance works: go down to the minimum.',
    policyName,
    ActionsEnabled: true,
    Metrics: [
      backlog,
      cpu,
      ...(hasGpus ? [gpu] : []),
      // A minute with a backlog is not idle, whatever else is known of it. Any other counts only once its utilisation
      // is there: metrics come a minute or two late, and an alarm that took the newest minutes for busy would never
      // see them all idle. No instance, no utilisation, no data point, no alarm. The sparse series must be IF's third
      // argument: CloudWatch drops a data point that is missing there, and makes a zero of one missing in the second.
      {
        Id: 'idle',
        Expression: `IF(FILL(backlog,0)>=1, 0, IF(${hasGpus ? `gpu<${IDLE_GPU} AND ` : ''}cpu<${IDLE_CPU}, 1, 0))`,
        Label: 'idle',
        ReturnData: true,
      },
    ],
    EvaluationPeriods: idleMinutes,
    DatapointsToAlarm: idleMinutes,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
  };
}
