import type { Clients } from '../../src/aws/clients.js';
import { unlessAbsent } from '../../src/aws/error-name.js';
import { scalable } from '../../src/aws/scaling.js';

/**
 * All that a deploy made for an endpoint, as AWS tells it: without times and ARNs of what is made anew each time, and
 * with the endpoint's name taken out, so that two endpoints that were deployed alike are equal.
 */
export async function deployedState(clients: Clients, endpointName: string, bucket: string): Promise<unknown> {
  const [sagemaker, s3, autoscaling, cloudwatch] = await Promise.all([
    clients.sagemaker(),
    clients.s3(),
    clients.autoscaling(),
    clients.cloudwatch(),
  ]);
  const { ResourceId, ...dimension } = scalable(endpointName);
  const names = { NameContains: `${endpointName}-` };
  const [endpoint, models, configs, objects, uploads, targets, policies, alarms, lifecycle] = await Promise.all([
    sagemaker.describeEndpoint({ EndpointName: endpointName }),
    sagemaker.listModels(names),
    sagemaker.listEndpointConfigs(names),
    s3.listObjectsV2({ Bucket: bucket, Prefix: `${endpointName}/` }),
    s3.listMultipartUploads({ Bucket: bucket, Prefix: `${endpointName}/` }),
    autoscaling.describeScalableTargets({ ...dimension, ResourceIds: [ResourceId] }),
    autoscaling.describeScalingPolicies({ ...dimension, ResourceId }),
    cloudwatch.describeAlarms({ AlarmNamePrefix: `${endpointName}-` }),
    unlessAbsent(s3.getBucketLifecycleConfiguration({ Bucket: bucket }), 'NoSuchLifecycleConfiguration'),
  ]);
  const described = await Promise.all([
    ...(models.Models ?? []).map(async ({ ModelName, ModelArn }) => [
      await sagemaker.describeModel({ ModelName }),
      await sagemaker.listTags({ ResourceArn: ModelArn }),
    ]),
    ...(configs.EndpointConfigs ?? []).map(({ EndpointConfigName }) =>
      sagemaker.describeEndpointConfig({ EndpointConfigName }),
    ),
  ]);
  const state = {
    endpoint,
    described,
    objects: (objects.Contents ?? []).map(({ Key, Size }) => ({ Key, Size })),
    uploads: uploads.Uploads ?? [],
    targets: targets.ScalableTargets,
    policies: policies.ScalingPolicies,
    alarms: alarms.MetricAlarms,
    rules: (lifecycle?.Rules ?? []).filter(({ ID }) => ID?.startsWith(`${endpointName}-`)),
  };
  // Names carry a hash of the content, and the content names the endpoint.
  return JSON.parse(
    JSON.stringify(state, (key, value: unknown) => (PASSING.test(key) ? undefined : value))
      .replaceAll(new RegExp(`${endpointName}-[0-9a-f]{12}`, 'g'), 'NAME-HASH')
      .replaceAll(endpointName, 'NAME'),
  );
}

/** What is another one each time: times, ids, answers' metadata, and how far the scaling is just now. */
const PASSING =
  /^(?:\$metadata|CreationTime|LastModifiedTime|PolicyARN|AlarmActions|AlarmARN|Alarms|Alarm(?:Arn|ConfigurationUpdatedTimestamp)|State(?!ment).*|CurrentInstanceCount|DesiredInstanceCount|DeployedImages|InvocationMetrics|ScalableTargetARN|EvaluationState|PredictedCapacity)$/;
