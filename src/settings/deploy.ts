import * as z from 'zod/mini';
import {
  badInputs,
  choice,
  flag,
  type Inputs,
  matching,
  optional,
  parseInputs,
  text,
  wholeNumber,
  wrong,
} from './inputs.js';
import { hasGpu, isKnownInstanceType } from './instance-types.js';
import { endpointName, region } from './shared.js';

/** Where the weights come from. */
export type ModelSource =
  | { kind: 'hub'; name: string; revision: string; url: string; token: string | undefined }
  /** `path` as given, relative to the workspace or absolute. */
  | { kind: 'folder'; path: string }
  /** `prefix` ends with a slash. */
  | { kind: 's3'; bucket: string; prefix: string };

export const computeTypes = ['auto', 'float16', 'int8_float16', 'int8', 'float32'] as const;

export interface DeploySettings {
  mode: 'deploy';
  endpointName: string;
  region: string;
  waitMinutes: number;
  executionRoleArn: string;
  model: ModelSource;
  computeType: (typeof computeTypes)[number];
  instanceType: string;
  minInstances: number;
  maxInstances: number;
  backlogPerInstance: number;
  idleMinutes: number;
  maxConcurrentInvocations: number;
  /** Undefined: the one that the image needs. */
  inferenceAmiVersion: string | undefined;
  /** Undefined: a bucket of our own. */
  bucket: string | undefined;
  ecrRepository: string;
  baseImage: string;
  /** Undefined: build the image. */
  imageUri: string | undefined;
  verify: boolean;
}

const S3_PREFIX = /^s3:\/\/([^/]+)\/([^/].*)$/;

const schema = z.object({
  'endpoint-name': endpointName,
  'aws-region': region,
  'wait-minutes': wholeNumber(1, 720, 60),
  'execution-role-arn': matching(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    'must be the ARN of the role that the endpoint runs under, as arn:aws:iam::123456789012:role/name (see docs/deploy.md)',
  ),
  model: matching(/^\S+$/, 'must be a model name, a hub repository, a folder or an s3:// prefix').check(
    z.refine((model) => !model.startsWith('s3:') || S3_PREFIX.test(model), {
      error: 'must name a bucket and a prefix in it, as s3://bucket/prefix/',
    }),
  ),
  'model-revision': matching(/^\S+$/, 'must be a branch, tag or commit of the model repository'),
  'hub-url': matching(/^https?:\/\/\S+$/, 'must be an http(s) address'),
  'hub-token': text,
  'compute-type': choice(...computeTypes),
  'instance-type': text.check(
    z.refine(isKnownInstanceType, {
      error:
        'must be a SageMaker instance type that this action knows, such as ml.g4dn.xlarge, ml.g5.xlarge or ml.g6.xlarge',
    }),
  ),
  'min-instances': wholeNumber(0, 100),
  'max-instances': wholeNumber(1, 100),
  'backlog-per-instance': wholeNumber(1, 100_000),
  'idle-minutes': wholeNumber(1, 720),
  'max-concurrent-invocations': wholeNumber(1, 1000),
  'inference-ami-version': optional(
    /^al2[\w-]+$/,
    'must be a SageMaker inference AMI, such as al2-ami-sagemaker-inference-gpu-3-1',
  ),
  bucket: optional(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket'),
  'ecr-repository': matching(
    /^(?=.{2,256}$)[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/,
    'must be the name of an ECR repository: lower-case letters, digits, and - _ . / between them',
  ),
  'base-image': matching(/^\S+$/, 'must name a container image'),
  'image-uri': optional(
    /^[^\s/]+\/[^\s@]+(?::[\w.-]+|@sha256:[0-9a-f]{64})$/,
    'must be an image with its registry and a tag or digest, as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/name:tag',
  ),
  verify: flag,
});

/** @throws UserError that lists every bad input */
export function deploySettings(inputs: Inputs): DeploySettings {
  const given = parseInputs(schema, inputs);
  const conflicts = conflictsOf(given);
  if (conflicts.length > 0) throw badInputs(conflicts);
  return {
    mode: 'deploy',
    endpointName: given['endpoint-name'],
    region: given['aws-region'],
    waitMinutes: given['wait-minutes'],
    executionRoleArn: given['execution-role-arn'],
    model: modelSource(given),
    computeType: given['compute-type'],
    instanceType: given['instance-type'],
    minInstances: given['min-instances'],
    maxInstances: given['max-instances'],
    backlogPerInstance: given['backlog-per-instance'],
    idleMinutes: given['idle-minutes'],
    maxConcurrentInvocations: given['max-concurrent-invocations'],
    inferenceAmiVersion: given['inference-ami-version'],
    bucket: given.bucket,
    ecrRepository: given['ecr-repository'],
    baseImage: given['base-image'],
    imageUri: given['image-uri'],
    verify: given.verify,
  };
}

type Given = z.output<typeof schema>;

function conflictsOf(given: Given): string[] {
  const found: string[] = [];
  if (given['min-instances'] > given['max-instances']) {
    found.push(
      wrong(
        'min-instances',
        `${given['min-instances']}`,
        `must not be above max-instances (${given['max-instances']})`,
      ),
    );
  }
  if (!hasGpu(given['instance-type']) && given['compute-type'].includes('float16')) {
    found.push(
      wrong(
        'compute-type',
        given['compute-type'],
        `needs a GPU, and ${given['instance-type']} has none: take auto, int8 or float32`,
      ),
    );
  }
  return found;
}

function modelSource(given: Given): ModelSource {
  const { model } = given;
  const s3 = S3_PREFIX.exec(model);
  if (s3?.[1] !== undefined) return { kind: 's3', bucket: s3[1], prefix: `${s3[2]?.replace(/\/*$/, '')}/` };
  if (/^[./~]/.test(model)) return { kind: 'folder', path: model };
  return {
    kind: 'hub',
    name: model,
    revision: given['model-revision'],
    url: given['hub-url'].replace(/\/+$/, ''),
    token: given['hub-token'] === '' ? undefined : given['hub-token'],
  };
}
