// A deploy into an account with rules: tags, a key, a VPC, topics, a folder in a bucket that is shared.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tagsOf } from '../../src/deploy/desired.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';

const MINUTES = 60_000;
const BUCKET = 'the-company';
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

let rig: DeployRig;
beforeAll(async () => {
  rig = await startDeployRig();
  await (await rig.clients.s3()).createBucket({ Bucket: BUCKET });
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

/** The action has no client for SNS: it only names topics. */
async function topic(name: string): Promise<string> {
  const credential = `${rig.aws.environment['AWS_ACCESS_KEY_ID']}/20261123/us-east-1/sns/aws4_request`;
  const response = await fetch(rig.aws.environment['AWS_ENDPOINT_URL'] ?? '', {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({ Action: 'CreateTopic', Version: '2010-03-31', Name: name }),
  });
  const text = await response.text();
  return /<TopicArn>(.+)<\/TopicArn>/.exec(text)?.[1] ?? text;
}

test(
  'everything is tagged, encrypted, in its folder and its network as asked, and a second deploy finds it so',
  async () => {
    const { subnets, security_groups: securityGroupIds } = await rig.aws.control<{
      subnets: string[];
      security_groups: string[];
    }>('network');
    const tags = { 'cost-center': '42', team: 'Podcasts + video' };
    const wanted = {
      endpointName: 'ruled',
      bucket: BUCKET,
      folder: 'media/speech/ruled/',
      tags,
      kmsKeyId: KEY,
      subnets,
      securityGroupIds,
      // A type without a disk of its own: it takes a size, and the key.
      instanceTypes: ['ml.p3.2xlarge'] as [string],
      volumeSize: 60,
      successTopic: await topic('finished'),
      errorTopic: await topic('failed'),
    };
    const result = await rig.deploy(wanted);
    expect(result.modelData).toMatch(/^s3:\/\/the-company\/media\/speech\/ruled\/models\/\w+\/$/);

    const [sagemaker, s3, autoscaling, cloudwatch] = await Promise.all([
      rig.clients.sagemaker(),
      rig.clients.s3(),
      rig.clients.autoscaling(),
      rig.clients.cloudwatch(),
    ]);
    const endpoint = await sagemaker.describeEndpoint({ EndpointName: 'ruled' });
    const config = await sagemaker.describeEndpointConfig({ EndpointConfigName: endpoint.EndpointConfigName });
    const [variant] = config.ProductionVariants ?? [];
    const model = await sagemaker.describeModel({ ModelName: variant?.ModelName });
    expect(variant).toMatchObject({ InstanceType: 'ml.p3.2xlarge', VolumeSizeInGB: 60 });
    expect(config).toMatchObject({
      KmsKeyId: KEY,
      AsyncInferenceConfig: {
        OutputConfig: {
          S3OutputPath: 's3://the-company/media/speech/ruled/output',
          KmsKeyId: KEY,
          NotificationConfig: { SuccessTopic: wanted.successTopic, ErrorTopic: wanted.errorTopic },
        },
      },
    });
    expect(model).toMatchObject({
      EnableNetworkIsolation: true,
      VpcConfig: { Subnets: subnets, SecurityGroupIds: securityGroupIds },
    });

    const { Contents = [] } = await s3.listObjectsV2({ Bucket: BUCKET });
    expect(Contents.length).toBeGreaterThan(4);
    expect(Contents.filter(({ Key }) => !Key?.startsWith('media/speech/ruled/'))).toEqual([]);
    const weights = Contents.find(({ Key }) => Key?.endsWith('/model.bin'));
    expect(await s3.headObject({ Bucket: BUCKET, Key: weights?.Key })).toMatchObject({ SSEKMSKeyId: KEY });
    // What was given stays as it was.
    await expect(s3.getBucketTagging({ Bucket: BUCKET })).rejects.toMatchObject({ name: 'NoSuchTagSet' });

    const { ScalableTargets: [target] = [] } = await autoscaling.describeScalableTargets({
      ServiceNamespace: 'sagemaker',
      ResourceIds: ['endpoint/ruled/variant/AllTraffic'],
    });
    const { MetricAlarms = [] } = await cloudwatch.describeAlarms({ AlarmNamePrefix: 'ruled-' });
    const found = await Promise.all([
      ...[endpoint.EndpointArn, config.EndpointConfigArn, model.ModelArn].map(
        async (ResourceArn) => (await sagemaker.listTags({ ResourceArn })).Tags,
      ),
      ...MetricAlarms.map(
        async ({ AlarmArn }) => (await cloudwatch.listTagsForResource({ ResourceARN: AlarmArn })).Tags,
      ),
      autoscaling
        .listTagsForResource({ ResourceARN: target?.ScalableTargetARN })
        .then(({ Tags = {} }) => Object.entries(Tags).map(([Key, Value]) => ({ Key, Value }))),
    ]);
    expect(found).toHaveLength(6);
    for (const list of found) expect(list).toEqual(expect.arrayContaining(tagsOf('ruled', tags)));

    const again = await rig.requestsOf(() => rig.deploy(wanted));
    expect(again.filter(({ mutating }) => mutating)).toEqual([]);
    expect(again.length).toBeLessThanOrEqual(15);
  },
  3 * MINUTES,
);
