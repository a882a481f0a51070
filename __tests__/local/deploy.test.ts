import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import type { DeployResult } from '../../src/deploy/result.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';

const MINUTES = 60_000;
let rig: DeployRig;

beforeAll(async () => {
  rig = await startDeployRig();
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

const bucket = 'whisper-sagemaker-123456789012-us-east-1';
const kinds = ({ changes }: DeployResult) => changes.map(({ resource, action }) => `${action} ${resource}`);
const endpoint = async (EndpointName = 'whisper') => (await rig.clients.sagemaker()).describeEndpoint({ EndpointName });
const keys = async (Prefix: string) =>
  ((await (await rig.clients.s3()).listObjectsV2({ Bucket: bucket, Prefix })).Contents ?? []).map(({ Key }) => Key);
const operations = async (body: () => Promise<unknown>) =>
  (await rig.requestsOf(body)).filter(({ mutating }) => mutating).map(({ operation }) => operation);

describe('one endpoint, from nothing', () => {
  let first: DeployResult;

  test(
    'the first deploy makes everything, in the order in which it is needed',
    async () => {
      first = await rig.deploy();
      expect(kinds(first)).toEqual([
        'create bucket',
        'create model weights',
        'create model',
        'create endpoint configuration',
        'create endpoint',
        'create scalable target',
        'create scaling policy',
        'create scaling policy',
        'create alarm',
        'create alarm',
      ]);
      expect(first).toMatchObject({
        endpointName: 'whisper',
        endpointArn: 'arn:aws:sagemaker:us-east-1:123456789012:endpoint/whisper',
        imageRepository: 'instant',
        imageDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      });
      expect(first.modelData).toMatch(`s3://${bucket}/whisper/models/`);
      expect(await endpoint()).toMatchObject({ EndpointStatus: 'InService' });
    },
    MINUTES,
  );

  test('the bucket is private, encrypted and tagged, holds the weights and nothing of the test clip', async () => {
    const s3 = await rig.clients.s3();
    const at = { Bucket: bucket, ExpectedBucketOwner: '123456789012' };
    expect((await s3.getPublicAccessBlock(at)).PublicAccessBlockConfiguration).toMatchObject({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    });
    expect((await s3.getBucketTagging(at)).TagSet).toEqual([{ Key: 'whisper-sagemaker', Value: 'whisper' }]);
    const { Rules } = (await s3.getBucketEncryption(at)).ServerSideEncryptionConfiguration ?? {};
    expect(Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe('AES256');
    const prefix = first.modelData.replace(`s3://${bucket}/`, '');
    expect(await keys('whisper/')).toEqual([
      ...['config.json', 'model.bin', 'tokenizer.json', 'vocabulary.json'].map((name) => `${prefix}${name}`),
      expect.stringMatching(/^whisper\/verified\/whisper-[0-9a-f]{12}\.json$/),
    ]);
  });

  test(
    'the second deploy changes nothing, and asks little',
    async () => {
      let second: DeployResult | undefined;
      const requests = await rig.requestsOf(async () => {
        second = await rig.deploy();
      });
      expect(second?.changes).toEqual([]);
      expect(second).toMatchObject({ endpointArn: first.endpointArn, modelData: first.modelData });
      expect(requests.filter(({ mutating }) => mutating)).toEqual([]);
      expect(requests.length).toBeLessThanOrEqual(14);
    },
    MINUTES,
  );

  test(
    'what was changed by hand is put back, and only that',
    async () => {
      const autoscaling = await rig.clients.autoscaling();
      const cloudwatch = await rig.clients.cloudwatch();
      const target = {
        ServiceNamespace: 'sagemaker',
        ResourceId: 'endpoint/whisper/variant/AllTraffic',
        ScalableDimension: 'sagemaker:variant:DesiredInstanceCount',
      } as const;
      await autoscaling.registerScalableTarget({ ...target, SuspendedState: { DynamicScalingInSuspended: true } });
      await cloudwatch.disableAlarmActions({ AlarmNames: ['whisper-idle'] });
      await autoscaling.deleteScalingPolicy({ ...target, PolicyName: 'whisper-wake' });

      const repaired = await rig.deploy();
      expect(kinds(repaired)).toEqual([
        'update scalable target',
        'create scaling policy',
        'update alarm',
        'update alarm',
      ]);
      const { MetricAlarms = [] } = await cloudwatch.describeAlarms({ AlarmNames: ['whisper-idle', 'whisper-wake'] });
      expect(MetricAlarms.map(({ ActionsEnabled }) => ActionsEnabled)).toEqual([true, true]);
      const { ScalingPolicies = [] } = await autoscaling.describeScalingPolicies(target);
      expect(MetricAlarms.map(({ AlarmActions }) => AlarmActions?.[0]).sort()).toEqual(
        ScalingPolicies.map(({ PolicyARN }) => PolicyARN).sort(),
      );
      expect((await rig.deploy()).changes).toEqual([]);
    },
    MINUTES,
  );

  test(
    'more instances at most: a policy more, and no new fleet; fewer: it goes again',
    async () => {
      expect(await operations(() => rig.deploy({ maxInstances: 3 }))).toEqual([
        'RegisterScalableTarget',
        'PutScalingPolicy',
      ]);
      expect(await operations(() => rig.deploy())).toEqual(['RegisterScalableTarget', 'DeleteScalingPolicy']);
    },
    MINUTES,
  );

  test(
    'a new image: a new model and configuration, an update, and the old ones stay',
    async () => {
      const before = await endpoint();
      const imageUri = await rig.image({ VERSION: '2' });
      const updated = await rig.deploy({ imageUri });
      expect(kinds(updated)).toEqual(['create model', 'create endpoint configuration', 'update endpoint']);
      expect(updated.imageDigest).not.toBe(first.imageDigest);
      expect(updated.changes.at(-1)?.fields.map(({ field }) => field)).toEqual([
        'EndpointConfigName',
        'PrimaryContainer.Image',
        'PrimaryContainer.Environment.WHISPER_IMAGE',
      ]);
      const after = await endpoint();
      expect(after).toMatchObject({ EndpointStatus: 'InService' });
      expect(after.EndpointConfigName).not.toBe(before.EndpointConfigName);
      const old = { EndpointConfigName: before.EndpointConfigName ?? '' };
      await expect((await rig.clients.sagemaker()).describeEndpointConfig(old)).resolves.toMatchObject(old);
      // Back again: nothing has to be made for it.
      expect(kinds(await rig.deploy())).toEqual(['update endpoint']);
    },
    2 * MINUTES,
  );

  test(
    'new weights go beside the old ones',
    async () => {
      const model = { kind: 'folder' as const, path: await rig.weights('the second model') };
      const updated = await rig.deploy({ model });
      expect(kinds(updated)).toEqual([
        'create model weights',
        'create model',
        'create endpoint configuration',
        'update endpoint',
      ]);
      expect(updated.modelData).not.toBe(first.modelData);
      expect((await keys('whisper/models/')).length).toBe(8);
      await rig.deploy();
    },
    2 * MINUTES,
  );

  test(
    'an upload that was cut short is completed, file by file',
    async () => {
      const model = { kind: 'folder' as const, path: await rig.weights('the third model') };
      const { modelData } = await rig.deploy({ model });
      const Key = `${modelData.replace(`s3://${bucket}/`, '')}model.bin`;
      await (await rig.clients.s3()).deleteObject({ Bucket: bucket, Key });
      const [change] = (await rig.deploy({ model })).changes;
      expect(change).toMatchObject({ resource: 'model weights', action: 'update', fields: [{ field: 'model.bin' }] });
      expect(await keys(Key)).toEqual([Key]);
    },
    2 * MINUTES,
  );

  test(
    'another instance type: scaling is taken off for the update, and is back afterwards',
    async () => {
      await rig.deploy();
      const requests = await operations(() => rig.deploy({ instanceTypes: ['ml.g5.xlarge'] }));
      expect(requests.slice(0, 3)).toEqual(['CreateEndpointConfig', 'DeregisterScalableTarget', 'UpdateEndpoint']);
      expect(requests).toEqual(
        expect.arrayContaining(['RegisterScalableTarget', 'PutScalingPolicy', 'PutMetricAlarm']),
      );
      expect((await rig.deploy({ instanceTypes: ['ml.g5.xlarge'] })).changes).toEqual([]);
      await rig.deploy();
    },
    3 * MINUTES,
  );

  test(
    'a minimum above one holds after an update too, which starts with one',
    async () => {
      const imageUri = await rig.image({ VERSION: '3' });
      await rig.deploy({ minInstances: 2, maxInstances: 2, imageUri });
      await waitFor(async () => {
        const { ProductionVariants } = await endpoint();
        return ProductionVariants?.[0]?.DesiredInstanceCount === 2;
      });
    },
    2 * MINUTES,
  );
});

describe('what goes wrong', () => {
  test(
    'an update that SageMaker takes back fails with its reason, and the old configuration serves on',
    async () => {
      await rig.deploy({ endpointName: 'rollback' });
      const before = await endpoint('rollback');
      const imageUri = await rig.image({ INSTANT_MODE: 'crash-at-start' });
      await expect(rig.deploy({ endpointName: 'rollback', imageUri })).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringMatching(
          /did not take the new configuration[\s\S]*ping health check[\s\S]*Likely cause[\s\S]*its log \(\/aws\/sagemaker\/Endpoints\/rollback, AllTraffic\/i-\w+\):\n {2}INSTANT_MODE is crash-at-start/,
        ),
      });
      expect(await endpoint('rollback')).toMatchObject({
        EndpointStatus: 'InService',
        EndpointConfigName: before.EndpointConfigName,
      });
      expect((await rig.deploy({ endpointName: 'rollback' })).changes).toEqual([]);
    },
    3 * MINUTES,
  );

  test(
    'an update that is refused after scaling was taken off leaves the endpoint with scaling',
    async () => {
      // Somebody else took the last of the quota since the plan was made.
      const fault = { service: 'sagemaker', operation: 'UpdateEndpoint', error: 'ResourceLimitExceeded', times: 1 };
      await rig.aws.control('faults', fault);
      await expect(rig.deploy({ endpointName: 'rollback', instanceTypes: ['ml.g5.2xlarge'] })).rejects.toMatchObject({
        name: 'ResourceLimitExceeded',
      });
      expect((await rig.deploy({ endpointName: 'rollback' })).changes).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'a first deploy without capacity fails with the reason and what to do, and so does the next',
    async () => {
      await rig.aws.control('capacity', { 'ml.g6.xlarge': 0 });
      const failing = () => rig.deploy({ endpointName: 'no-capacity', instanceTypes: ['ml.g6.xlarge'] });
      // SageMaker looks for an instance for a while before it gives up.
      await rig.aws.control('clock', { speed: 30 });
      await expect(failing()).rejects.toMatchObject({
        message: expect.stringMatching(/no-capacity is Failed[\s\S]*no instance of this type/),
        remedy: expect.stringContaining('delete-endpoint --endpoint-name no-capacity'),
      });
      await rig.aws.control('clock', { speed: 1 });
      expect(await operations(() => expect(failing()).rejects.toThrow(/no-capacity is Failed/))).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'a role and an image that SageMaker does not accept',
    async () => {
      const executionRoleArn = 'arn:aws:iam::123456789012:role/nobody';
      await expect(rig.deploy({ endpointName: 'refused', executionRoleArn })).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringMatching(/SageMaker refuses the model refused-/),
        remedy: expect.stringContaining('execution-role-arn'),
      });
      const imageUri = rig.settings().imageUri?.replace(/:[^:]*$/, ':no-such-tag') ?? '';
      await expect(rig.deploy({ endpointName: 'refused', imageUri })).rejects.toThrow(/ECR has no image.*no-such-tag/);
    },
    MINUTES,
  );

  test(
    'an endpoint that serves but cannot transcribe the clip',
    async () => {
      const imageUri = await rig.image({ INSTANT_MODE: 'fail:500' });
      const broken = rig.deploy({ endpointName: 'deaf', imageUri });
      await expect(broken).rejects.toThrow(/could not transcribe the test clip/);
      expect(await keys('deaf/input/')).toEqual([]);
      expect(await keys('deaf/failure/')).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'a run that is stopped while the endpoint comes up is taken up by the next',
    async () => {
      const abort = new AbortController();
      const stopped = rig.deploy({ endpointName: 'stopped' }, abort.signal);
      void waitFor(async () => (await endpoint('stopped').catch(() => undefined)) !== undefined).then(() =>
        abort.abort(new Error('cancelled')),
      );
      await expect(stopped).rejects.toThrow();
      const next = await rig.deploy({ endpointName: 'stopped' });
      expect(kinds(next)).not.toContain('create endpoint');
      expect(kinds(next)).toContain('create scalable target');
      expect(rig.lines).toContain('A clip came back from the new image with the new model.');
    },
    2 * MINUTES,
  );

  test(
    'two deploys at once make one endpoint',
    async () => {
      const results = await Promise.all([rig.deploy({ endpointName: 'twice' }), rig.deploy({ endpointName: 'twice' })]);
      expect(new Set(results.map(({ endpointArn }) => endpointArn)).size).toBe(1);
      expect((await rig.deploy({ endpointName: 'twice' })).changes).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'an Updating that scaling caused is not waited for',
    async () => {
      await rig.deploy({ endpointName: 'busy' });
      const sagemaker = await rig.clients.sagemaker();
      await rig.aws.control('clock', { speed: 0.1 });
      try {
        await sagemaker.updateEndpointWeightsAndCapacities({
          EndpointName: 'busy',
          DesiredWeightsAndCapacities: [{ VariantName: 'AllTraffic', DesiredInstanceCount: 2 }],
        });
        expect(await endpoint('busy')).toMatchObject({ EndpointStatus: 'Updating' });
        expect((await rig.deploy({ endpointName: 'busy' })).changes).toEqual([]);
        expect(rig.lines[0]).toBe('Nothing to change: everything is as wanted.');
        expect(rig.lines.slice(1).filter((line) => !line.startsWith('  = unchanged '))).toEqual([]);
      } finally {
        await rig.aws.control('clock', { speed: 1 });
      }
    },
    2 * MINUTES,
  );
});

describe('what is not ours is not touched', () => {
  const refused = async (overrides: Parameters<DeployRig['deploy']>[0], says: RegExp) => {
    expect(
      await operations(() =>
        expect(rig.deploy(overrides)).rejects.toMatchObject({
          name: 'UserError',
          message: expect.stringMatching(says),
        }),
      ),
    ).toEqual([]);
  };

  test(
    'an endpoint of our name',
    async () => {
      const { EndpointConfigName } = await endpoint();
      await (await rig.clients.sagemaker()).createEndpoint({ EndpointName: 'theirs', EndpointConfigName });
      await refused({ endpointName: 'theirs' }, /endpoint theirs that this action did not make/);
    },
    MINUTES,
  );

  test(
    'an alarm of our name',
    async () => {
      await (await rig.clients.cloudwatch()).putMetricAlarm({
        AlarmName: 'alarmed-idle',
        Namespace: 'theirs',
        MetricName: 'temperature',
        Statistic: 'Average',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 30,
        ComparisonOperator: 'GreaterThanThreshold',
      });
      await refused({ endpointName: 'alarmed' }, /alarm alarmed-idle that this action did not make/);
    },
    MINUTES,
  );

  test(
    'a bucket of the default name without our tag',
    async () => {
      const s3 = await rig.clients.s3();
      const { TagSet } = await s3.getBucketTagging({ Bucket: bucket });
      await s3.deleteBucketTagging({ Bucket: bucket });
      await refused({}, /exists, but was not made by this action/);
      await s3.putBucketTagging({ Bucket: bucket, Tagging: { TagSet } });
    },
    MINUTES,
  );

  test(
    "another account's bucket, one in another region, and none",
    async () => {
      await rig.aws.control('bucket', { name: 'somebodys', account: '999999999999' });
      await rig.aws.control('bucket', { name: 'far-away', region: 'eu-west-1' });
      await refused({ bucket: 'somebodys' }, /somebodys.*another account than 123456789012/);
      await refused({ bucket: 'far-away' }, /far-away.*eu-west-1.*us-east-1/);
      await refused({ bucket: 'not-there' }, /There is no bucket not-there/);
    },
    MINUTES,
  );

  test(
    'a bucket that was given keeps its own settings',
    async () => {
      await rig.aws.control('bucket', { name: 'given' });
      const { changes, modelData } = await rig.deploy({ endpointName: 'guest', bucket: 'given' });
      expect(changes.some(({ resource }) => resource === 'bucket')).toBe(false);
      expect(modelData).toMatch(/^s3:\/\/given\/guest\/models\//);
      const s3 = await rig.clients.s3();
      await expect(s3.getBucketLifecycleConfiguration({ Bucket: 'given' })).rejects.toThrow();
    },
    2 * MINUTES,
  );

  test("another endpoint's rules in the bucket that they share stay", async () => {
    const { Rules = [] } = await (await rig.clients.s3()).getBucketLifecycleConfiguration({ Bucket: bucket });
    const ids = Rules.map(({ ID }) => ID);
    expect(ids).toEqual(expect.arrayContaining(['whisper-input', 'rollback-input', 'incomplete-uploads']));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test(
  'an endpoint that serves but cannot transcribe fails the deploy, and every later one until it can',
  async () => {
    const broken = { endpointName: 'broken', imageUri: await rig.image({ INSTANT_MODE: 'fail:500' }) };
    await expect(rig.deploy(broken)).rejects.toThrow(/could not transcribe the test clip/);
    await expect(rig.deploy(broken)).rejects.toThrow(/could not transcribe the test clip/);
    await rig.deploy({ ...broken, imageUri: await rig.image() });
    expect((await rig.deploy({ ...broken, imageUri: await rig.image() })).changes).toEqual([]);
  },
  MINUTES,
);

describe('the container of this repository', () => {
  const built = (): Partial<DeploySettings> => ({
    imageUri: undefined,
    instanceTypes: ['ml.c7i.xlarge'],
    baseImage: rig.aws.environment['WHISPER_BASE_IMAGE'] ?? '',
    endpointName: 'built',
    // The weights are none, so the container cannot start; that the image is there and is not built again can be seen.
    verify: false,
  });

  test(
    'is built and pushed once, under the hash of its content, into a repository whose tags do not move',
    async () => {
      await expect(rig.deploy(built())).rejects.toThrow(/built is Failed/);
      const ecr = await rig.clients.ecr();
      const { imageDetails = [] } = await ecr.describeImages({ repositoryName: 'whisper-sagemaker' });
      expect(imageDetails.map(({ imageTags }) => imageTags)).toEqual([[expect.stringMatching(/^[0-9a-f]{16}$/)]]);
      const { repositories = [] } = await ecr.describeRepositories({ repositoryNames: ['whisper-sagemaker'] });
      expect(repositories[0]).toMatchObject({
        imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
        imageScanningConfiguration: { scanOnPush: true },
      });
      const again = await rig.requestsOf(() =>
        expect(rig.deploy({ ...built(), endpointName: 'built-2' })).rejects.toThrow(/built-2 is Failed/),
      );
      expect(again.map(({ operation }) => operation)).not.toContain('GetAuthorizationToken');
    },
    10 * MINUTES,
  );
});

describe('weights in S3', () => {
  const put = async (Key: string, Body: string | Uint8Array = 'x') =>
    (await rig.clients.s3()).putObject({ Bucket: bucket, Key, Body });

  test(
    'are used in place',
    async () => {
      await put('shared/tiny/model.bin');
      for (const name of ['config', 'tokenizer', 'vocabulary']) await put(`shared/tiny/${name}.json`, '{}');
      const model = { kind: 's3' as const, bucket, prefix: 'shared/tiny/' };
      const result = await rig.deploy({ endpointName: 'in-place', model });
      expect(result.modelData).toBe(`s3://${bucket}/shared/tiny/`);
      expect(await keys('in-place/models/')).toEqual([]);
      const requests = await rig.requestsOf(() => rig.deploy({ endpointName: 'in-place', model }));
      expect(requests.filter(({ mutating }) => mutating)).toEqual([]);
      expect(requests.length).toBeLessThanOrEqual(15);
    },
    2 * MINUTES,
  );

  test(
    'that SageMaker could not deploy are refused',
    async () => {
      const model = (prefix: string) => ({ model: { kind: 's3' as const, bucket, prefix } });
      await put('folder/model.bin');
      await put('folder/', new Uint8Array());
      await put('pytorch/pytorch_model.bin');
      await expect(rig.deploy(model('folder/'))).rejects.toThrow(/empty object "folder\/"/);
      await expect(rig.deploy(model('pytorch/'))).rejects.toThrow(/no model.bin/);
      await expect(rig.deploy(model('nowhere/'))).rejects.toThrow(/nowhere\/ has no model.bin/);
    },
    MINUTES,
  );
});

describe('weights on the hub', () => {
  test(
    'go to S3 whole, over a connection that breaks, and a second deploy loads nothing',
    async () => {
      const python = await virtualEnvironment();
      const folder = await rig.weights('x'.repeat(3_000_000));
      const hub = await startLocalPart(python, 'hub', ['--repo', `someone/tiny-ct2=${folder}`]);
      try {
        const url = hub.lines[0] ?? '';
        const cut = { kind: 'cut', path: 'model.bin', after_bytes: 1_000_000, times: 2 };
        await fetch(`${url}/_local/faults`, { method: 'POST', body: JSON.stringify(cut) });
        const model = { kind: 'hub' as const, name: 'someone/tiny-ct2', revision: 'main', url, token: undefined };
        const { modelData } = await rig.deploy({ endpointName: 'hub', model });
        const Key = `${modelData.replace(`s3://${bucket}/`, '')}model.bin`;
        const { Body } = await (await rig.clients.s3()).getObject({ Bucket: bucket, Key });
        expect(await Body?.transformToString()).toBe('x'.repeat(3_000_000));
        expect((await rig.deploy({ endpointName: 'hub', model })).changes).toEqual([]);
        const asked = (await (await fetch(`${url}/_local/requests`)).json()) as { path: string }[];
        expect(asked.slice(-2).some(({ path }) => path.includes('/resolve/'))).toBe(false);
      } finally {
        await hub.stop();
      }
    },
    2 * MINUTES,
  );
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + MINUTES; Date.now() < until; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('What was waited for did not come.');
}
