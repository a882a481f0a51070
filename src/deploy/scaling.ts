import type { PutScalingPolicyRequest, RegisterScalableTargetRequest } from '@aws-sdk/client-application-auto-scaling';
import type { MetricDataQuery, PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import type { DeploySettings } from '../settings/deploy.js';
import { hasGpu } from '../settings/instance-types.js';

/** SageMaker's deployment guardrails need the same variant name in every configuration: never change it. */
export const VARIANT = 'AllTraffic';

/** Seconds of one data point: SageMaker publishes its metrics once a minute. */
const PERIOD = 60;

/** Percent of one vCPU below which nothing is being decoded or transcribed; health checks stay below it. */
const IDLE_CPU = 20;

/** What Application Auto Scaling knows the endpoint's instances by. */
export const scalable = (endpointName: string) =>
  ({
    ServiceNamespace: 'sagemaker',
    ResourceId: `endpoint/${endpointName}/variant/${VARIANT}`,
    ScalableDimension: 'sagemaker:variant:DesiredInstanceCount',
  }) as const;

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
    AlarmName: `${endpointName}-wake`,
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
  const gpu = hasGpu(instanceTypes[0]);
  return {
    AlarmName: `${endpointName}-idle`,
    AlarmDescription: 'Nothing waits and no instance works: go down to the minimum.',
    policyName,
    ActionsEnabled: true,
    Metrics: [
      maximum('backlog', 'AWS/SageMaker', 'ApproximateBacklogSize', { EndpointName: endpointName }),
      maximum('cpu', '/aws/sagemaker/Endpoints', 'CPUUtilization', {
        EndpointName: endpointName,
        VariantName: VARIANT,
      }),
      ...(gpu
        ? [
            maximum('gpu', '/aws/sagemaker/Endpoints', 'GPUUtilization', {
              EndpointName: endpointName,
              VariantName: VARIANT,
            }),
          ]
        : []),
      // A minute counts only once its utilisation is there: metrics come a minute or two late, and an alarm that took
      // the newest minutes for busy would never see them all idle. No instance, no utilisation, no alarm. No backlog
      // metric means no backlog.
      {
        Id: 'idle',
        Expression: `IF(${gpu ? 'gpu<1 AND ' : ''}cpu<${IDLE_CPU}, FILL(backlog,0)<1, 0)`,
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

function maximum(id: string, namespace: string, metric: string, dimensions: Record<string, string>): MetricDataQuery {
  return {
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: metric,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: PERIOD,
      Stat: 'Maximum',
    },
    ReturnData: false,
  };
}
