import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';

/** SageMaker's deployment guardrails need the same variant name in every configuration: never change it. */
export const VARIANT = 'AllTraffic';

/** The alarm that takes the instances away. */
export const idleAlarmName = (endpointName: string): string => `${endpointName}-idle`;

/** Namespace of what the instances publish of themselves; the queue's metrics are in AWS/SageMaker. */
export const HOST_METRICS = '/aws/sagemaker/Endpoints';

/** Seconds of one data point: SageMaker publishes its metrics once a minute. */
export const PERIOD = 60;

/**
 * Below these nothing is decoded or transcribed: percent of ONE vCPU and of ONE GPU, whatever the type has, since both
 * are published as 0..100 times their count, of the containers alone (docs/scaling.md has the measurements).
 */
export const IDLE_CPU = 20;
export const IDLE_GPU = 1;

/**
 * What SageMaker publishes of an endpoint, as queries of metric data. The queue's metrics have the endpoint's name as
 * their only dimension, the instances' have the variant's too: with any other set there is never a data point.
 * By minute, and the most of it: one busy second of one instance must not get lost in an average.
 */
export const endpointMetrics = (EndpointName: string) => ({
  /** Requests. Whether those being worked on count, AWS's pages tell both ways. */
  backlog: maximum('backlog', 'AWS/SageMaker', 'ApproximateBacklogSize', { EndpointName }),
  /** Seconds. */
  age: maximum('age', 'AWS/SageMaker', 'ApproximateAgeOfOldestRequest', { EndpointName }),
  cpu: maximum('cpu', HOST_METRICS, 'CPUUtilization', { EndpointName, VariantName: VARIANT }),
  gpu: maximum('gpu', HOST_METRICS, 'GPUUtilization', { EndpointName, VariantName: VARIANT }),
});

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
