import { describe, expect, test } from '@jest/globals';
import { desiredState } from '../../../src/deploy/desired.js';
import type { DeploySettings } from '../../../src/settings/deploy.js';
import { deploySettings } from '../../helpers/deploy-settings.ts';
import { account, desired, known, materials } from '../../helpers/desired.ts';

const namesOf = (state = desired()) => ({
  model: state.model?.ModelName,
  config: state.endpointConfig?.EndpointConfigName,
});

describe('names carry content', () => {
  const before = namesOf();

  test('the same input makes the same names, with 12 hex digits', () => {
    expect(namesOf()).toEqual(before);
    expect(before.model).toMatch(/^whisper-[0-9a-f]{12}$/);
    expect(before.config).toMatch(/^whisper-[0-9a-f]{12}$/);
  });

  test('the longest endpoint name fits what SageMaker allows', () => {
    const { model, config } = namesOf(desired({ endpointName: 'e'.repeat(50) }));
    expect(model).toHaveLength(63);
    expect(config).toHaveLength(63);
  });

  test.each<[string, Partial<DeploySettings>]>([
    ['compute-type', { computeType: 'float16' }],
    ['execution-role-arn', { executionRoleArn: 'arn:aws:iam::123456789012:role/other' }],
    ['max-concurrent-invocations', { maxConcurrentInvocations: 2 }],
    ['bucket', { bucket: 'mine' }],
  ])('%s makes a new model and a new configuration', (_name, change) => {
    const after = namesOf(desired(change));
    expect(after.model).not.toBe(before.model);
    expect(after.config).not.toBe(before.config);
  });

  test.each<[string, Partial<DeploySettings>]>([
    ['instance-type', { instanceTypes: ['ml.g5.xlarge'] }],
    ['inference-ami-version', { inferenceAmiVersion: 'al2-ami-sagemaker-inference-gpu-2' }],
  ])('%s makes a new configuration of the same model', (_name, change) => {
    const after = namesOf(desired(change));
    expect(after.model).toBe(before.model);
    expect(after.config).not.toBe(before.config);
  });

  test.each<[string, Partial<DeploySettings>]>([
    ['min-instances', { minInstances: 2, maxInstances: 2 }],
    ['max-instances', { maxInstances: 4 }],
    ['backlog-per-instance', { backlogPerInstance: 9 }],
    ['idle-minutes', { idleMinutes: 30 }],
    ['wait-minutes', { waitMinutes: 5 }],
    ['verify', { verify: false }],
  ])('%s makes no new fleet', (_name, change) => {
    expect(namesOf(desired(change))).toEqual(before);
  });

  test('new weights and a new image make a new model', () => {
    const weights = { ...materials.weights, revision: 'f'.repeat(12) };
    const digest = { ...known, imageDigest: `sha256:${'e'.repeat(64)}` };
    const names = [
      before,
      namesOf(desired({}, { weights })),
      namesOf(desiredState(deploySettings(), account, materials, digest)),
    ];
    expect(new Set(names.map(({ model }) => model)).size).toBe(3);
    expect(new Set(names.map(({ config }) => config)).size).toBe(3);
  });

  test('nothing is named before the digest of the image is known', () => {
    expect(namesOf(desiredState(deploySettings(), account, materials, {}))).toEqual({});
  });
});

test('the model: image by digest, weights unpacked, no network, and who it is in its environment', () => {
  expect(desired().model).toMatchObject({
    EnableNetworkIsolation: true,
    PrimaryContainer: {
      Image: `${known.imageRepositoryUri}@${known.imageDigest}`,
      ModelDataSource: {
        S3DataSource: {
          S3Uri: `s3://whisper-sagemaker-${account}-us-east-1/whisper/models/bbbbbbbbbbbb/`,
          S3DataType: 'S3Prefix',
          CompressionType: 'None',
        },
      },
      Environment: {
        WHISPER_MODEL: 'large-v3-turbo',
        WHISPER_MODEL_REVISION: 'bbbbbbbbbbbb',
        WHISPER_IMAGE: 'aaaaaaaaaaaaaaaa',
        WHISPER_TRANSCRIBER: '1',
        WHISPER_COMPUTE_TYPE: 'auto',
        WHISPER_CONCURRENCY: '1',
      },
    },
    Tags: [
      { Key: 'whisper-sagemaker', Value: 'whisper' },
      { Key: 'whisper-sagemaker-version', Value: '1.2.3' },
    ],
  });
});

test('weights that are in S3 are used where they are', () => {
  const weights = { ...materials.weights, inPlace: { bucket: 'theirs', prefix: 'models/w/' } };
  const state = desired({}, { weights });
  expect(state.weights).toMatchObject({ bucket: 'theirs', prefix: 'models/w/', inPlace: true });
  expect(state.model?.PrimaryContainer?.ModelDataSource?.S3DataSource?.S3Uri).toBe('s3://theirs/models/w/');
});

describe('the configuration', () => {
  const variant = (overrides: Partial<DeploySettings>) => desired(overrides).endpointConfig?.ProductionVariants?.[0];

  test('answers go to the bucket of the endpoint, failures apart', () => {
    expect(desired({ bucket: 'mine', maxConcurrentInvocations: 3 }).endpointConfig?.AsyncInferenceConfig).toEqual({
      ClientConfig: { MaxConcurrentInvocationsPerInstance: 3 },
      OutputConfig: { S3OutputPath: 's3://mine/whisper/output', S3FailurePath: 's3://mine/whisper/failure' },
    });
  });

  test('a GPU gets the host image with the driver for CUDA 12, a CPU none, and the input wins', () => {
    expect(variant({})?.InferenceAmiVersion).toBe('al2-ami-sagemaker-inference-gpu-3-1');
    expect(variant({ instanceTypes: ['ml.c7i.xlarge'] })).not.toHaveProperty('InferenceAmiVersion');
    expect(variant({ inferenceAmiVersion: 'al2023-ami-sagemaker-inference-gpu-4-1' })?.InferenceAmiVersion).toBe(
      'al2023-ami-sagemaker-inference-gpu-4-1',
    );
  });

  test('timeouts and the count are within what SageMaker takes', () => {
    const found = variant({ minInstances: 0 });
    expect(found).toMatchObject({ VariantName: 'AllTraffic', InitialInstanceCount: 1 });
    for (const seconds of [
      found?.ModelDataDownloadTimeoutInSeconds,
      found?.ContainerStartupHealthCheckTimeoutInSeconds,
    ]) {
      expect(seconds).toBeGreaterThanOrEqual(60);
      expect(seconds).toBeLessThanOrEqual(3600);
    }
  });
});
