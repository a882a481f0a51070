import type { DeploySettings } from '../../src/settings/deploy.js';

/** Settings of a deploy as action.yml's defaults make them, for tests that start behind the settings. */
export function deploySettings(overrides: Partial<DeploySettings> = {}): DeploySettings {
  return {
    mode: 'deploy',
    endpointName: 'whisper',
    region: 'us-east-1',
    waitMinutes: 60,
    executionRoleArn: 'arn:aws:iam::123456789012:role/whisper',
    model: { kind: 'folder', path: './weights' },
    computeType: 'auto',
    instanceType: 'ml.g4dn.xlarge',
    minInstances: 0,
    maxInstances: 1,
    backlogPerInstance: 5,
    idleMinutes: 5,
    maxConcurrentInvocations: 1,
    inferenceAmiVersion: undefined,
    bucket: undefined,
    ecrRepository: 'whisper-sagemaker',
    baseImage: 'python:3.12-slim-bookworm',
    imageUri: undefined,
    verify: true,
    ...overrides,
  };
}
