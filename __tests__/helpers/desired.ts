import { type Desired, desiredState, type Materials } from '../../src/deploy/desired.js';
import type { Known } from '../../src/deploy/known.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { deploySettings } from './deploy-settings.ts';

export const account = '123456789012';

export const materials: Materials = {
  image: {
    kind: 'build',
    transcriber: '1',
    repository: 'whisper-sagemaker',
    registryId: undefined,
    tag: 'a'.repeat(16),
    folder: '/action/container',
    dockerfile: 'Dockerfile',
    buildArguments: { BASE_IMAGE: 'python:3.12', FLAVOUR: 'cuda' },
    baseRegistry: undefined,
    cacheTag: 'cache-cuda',
  },
  version: '1.2.3',
  weights: {
    name: 'large-v3-turbo',
    revision: 'b'.repeat(12),
    key: 'b'.repeat(12),
    package: 'prefix',
    files: [
      { name: 'config.json', size: 2, id: 'c1' },
      { name: 'model.bin', size: 1000, id: 'm1' },
    ],
    open: () => {
      throw new Error('no file is opened by what is pure');
    },
  },
};

/** What is known once an image is there. */
export const known: Known = {
  imageRepositoryUri: `${account}.dkr.ecr.us-east-1.amazonaws.com/whisper-sagemaker`,
  imageDigest: `sha256:${'d'.repeat(64)}`,
  policyArns: { 'whisper-wake': 'arn:policy/wake', 'whisper-idle': 'arn:policy/idle' },
};

/** The desired state of some settings, with an image that is there already. */
export const desired = (overrides: Partial<DeploySettings> = {}, changed: Partial<Materials> = {}): Desired =>
  desiredState(deploySettings(overrides), account, { ...materials, ...changed }, known);
