import * as z from 'zod/mini';
import {
  badInputs,
  choice,
  decimal,
  flag,
  type Inputs,
  lines,
  list,
  matching,
  optional,
  parseInputs,
  text,
  wholeNumber,
  wrong,
} from './inputs.js';
import { hasGpu, hasLocalStorage, isKnownInstanceType } from './instance-types.js';
import {
  type CommonSettings,
  comment,
  common,
  commonSettings,
  type DrainSettings,
  drain,
  folderOf,
  keep,
  kept,
  places,
} from './shared.js';

/** Where the weights come from. */
export type ModelSource =
  | { kind: 'hub'; name: string; revision: string; url: string; token: string | undefined }
  /** `path` as given, relative to the workspace or absolute. */
  | { kind: 'folder'; path: string }
  /** `prefix` ends with a slash. */
  | { kind: 's3'; bucket: string; prefix: string };

export const computeTypes = ['auto', 'float16', 'int8_float16', 'int8', 'float32'] as const;

/** `plan` and `deploy` take the same inputs: a plan is of a deploy. */
export interface DeploySettings extends CommonSettings, DrainSettings {
  mode: 'plan' | 'deploy';
  waitMinutes: number;
  executionRoleArn: string;
  model: ModelSource;
  computeType: (typeof computeTypes)[number];
  /** In the order of preference, at least one; all with a GPU or all without. */
  instanceTypes: [string, ...string[]];
  /** GB; undefined: SageMaker's own choice. */
  volumeSize: number | undefined;
  minInstances: number;
  maxInstances: number;
  backlogPerInstance: number;
  idleMinutes: number;
  maxConcurrentInvocations: number;
  /** Undefined: the one that the image needs. */
  inferenceAmiVersion: string | undefined;
  /** Undefined: a bucket of our own. */
  bucket: string | undefined;
  /** Folder of the endpoint in the bucket, with a slash at its end. */
  folder: string;
  /** How SageMaker gets the weights: a folder of files, or one archive. */
  package: 'prefix' | 'tar.gz';
  ecrRepository: string;
  baseImage: string;
  /** Undefined: build the image. */
  imageUri: string | undefined;
  verify: boolean;
  /** Whether an endpoint that Failed is deleted and made again. */
  replaceFailed: boolean;
  keep: number | 'all';
  /** The user's own tags; ours are not among them. */
  tags: Record<string, string>;
  kmsKeyId: string | undefined;
  /** Both empty or neither. */
  subnets: string[];
  securityGroupIds: string[];
  /** ARNs of SNS topics. */
  successTopic: string | undefined;
  errorTopic: string | undefined;
  /** Of one instance, in the user's currency. */
  pricePerHour: number | undefined;
  /** Globs of the files that define the deployment; empty: every run counts. */
  deploymentPaths: string[];
  /** Whether a plan is told on its pull request. */
  comment: boolean;
  githubToken: string | undefined;
}

const S3_PREFIX = /^s3:\/\/([^/]+)\/([^/].*)$/;

/** Characters that every service takes in a tag (SageMaker, S3, ECR, CloudWatch, Application Auto Scaling). */
const TAG_LINE = /^(?!aws:)[\p{L}\p{N} _.:/+@-]{1,128}=[\p{L}\p{N} _.:/=+@-]{0,256}$/u;

const tagLines = z.pipe(
  lines.check(
    z.refine((found) => found.length <= 40 && found.every((line) => TAG_LINE.test(line)), {
      error: 'must be one key=value a line, 40 at most',
    }),
    z.refine((found) => !found.some((line) => line.startsWith('whisper-sagemaker')), {
      error: 'must leave keys that begin with whisper-sagemaker to this action',
    }),
  ),
  z.transform((found) =>
    found.map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  ),
);

const topic = optional(
  /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(?:\.fifo)?$/,
  'must be the ARN of an SNS topic, as arn:aws:sns:eu-west-1:123456789012:name',
);

const numberOf = (value: string | undefined): number | undefined => (value === undefined ? undefined : Number(value));

const schema = z.object({
  ...common,
  ...places,
  ...drain,
  ...keep,
  'wait-minutes': wholeNumber(1, 720, 60),
  'execution-role-arn': matching(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    'must be the ARN of the role that the endpoint runs under, as arn:aws:iam::123456789012:role/name (see docs/rights.md)',
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
  'instance-type': list(
    isKnownInstanceType,
    5,
    'must be a SageMaker instance type that this action knows, such as ml.g4dn.xlarge, ml.g5.xlarge or ml.g6.xlarge, or up to five in the order of preference',
  ).check(z.refine((types) => types.length > 0, { error: 'must name an instance type, such as ml.g4dn.xlarge' })),
  'volume-size': optional(/^(?:[1-9]|[1-9]\d|[1-4]\d\d|50\d|51[0-2])$/, 'must be a number of GB from 1 to 512'),
  'min-instances': wholeNumber(0, 100),
  'max-instances': wholeNumber(1, 100),
  'backlog-per-instance': wholeNumber(1, 100_000),
  'idle-minutes': wholeNumber(1, 720),
  'max-concurrent-invocations': wholeNumber(1, 1000),
  'inference-ami-version': optional(
    /^al2[\w-]+$/,
    'must be a SageMaker inference AMI, such as al2-ami-sagemaker-inference-gpu-3-1',
  ),
  'base-image': matching(/^\S+$/, 'must name a container image'),
  'image-uri': optional(
    /^[^\s/]+\/[^\s@]+(?::[\w.-]+|@sha256:[0-9a-f]{64})$/,
    'must be an image with its registry and a tag or digest, as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/name:tag',
  ),
  verify: flag,
  package: choice('prefix', 'tar.gz'),
  'replace-failed': flag,
  tags: tagLines,
  'kms-key-id': optional(/^[\w:/-]{1,2048}$/, 'must be the id, the ARN or the alias of a KMS key'),
  subnets: list(/^subnet-[0-9a-f]{8,17}$/, 16, 'must be ids of subnets, such as subnet-0123456789abcdef0'),
  'security-group-ids': list(/^sg-[0-9a-f]{8,17}$/, 5, 'must be ids of security groups, such as sg-0123456789abcdef0'),
  'success-topic': topic,
  'error-topic': topic,
  'price-per-hour': decimal(0, 1e6),
  'deployment-paths': lines.check(
    z.refine((globs) => !globs.some((glob) => /^!?(?:\/|(?:.*\/)?\.\.(?:\/|$))/.test(glob)), {
      error: 'must be globs relative to the root of the repository, without a leading slash or ".."',
    }),
  ),
  comment,
  'github-token': text,
});

/** @throws UserError that lists every bad input */
export function deploySettings(mode: DeploySettings['mode'], inputs: Inputs): DeploySettings {
  const given = parseInputs(schema, inputs);
  const conflicts = conflictsOf(given);
  if (conflicts.length > 0) throw badInputs(conflicts);
  return {
    mode,
    ...commonSettings(given),
    waitMinutes: given['wait-minutes'],
    executionRoleArn: given['execution-role-arn'],
    model: modelSource(given),
    computeType: given['compute-type'],
    instanceTypes: given['instance-type'] as [string, ...string[]],
    volumeSize: numberOf(given['volume-size']),
    minInstances: given['min-instances'],
    maxInstances: given['max-instances'],
    backlogPerInstance: given['backlog-per-instance'],
    idleMinutes: given['idle-minutes'],
    maxConcurrentInvocations: given['max-concurrent-invocations'],
    inferenceAmiVersion: given['inference-ami-version'],
    bucket: given.bucket,
    folder: folderOf(given.prefix, given['endpoint-name']),
    package: given.package,
    ecrRepository: given['ecr-repository'],
    baseImage: given['base-image'],
    imageUri: given['image-uri'],
    verify: given.verify,
    replaceFailed: given['replace-failed'],
    drainMinutes: given['drain-minutes'],
    whenBusy: given['when-busy'],
    keep: kept(given.keep),
    tags: Object.fromEntries(given.tags),
    kmsKeyId: given['kms-key-id'],
    subnets: given.subnets,
    securityGroupIds: given['security-group-ids'],
    successTopic: given['success-topic'],
    errorTopic: given['error-topic'],
    pricePerHour: given['price-per-hour'],
    deploymentPaths: given['deployment-paths'],
    comment: given.comment !== 'false',
    githubToken: given['github-token'] || undefined,
  };
}

type Given = z.output<typeof schema>;

/** The folders in an endpoint's own. */
const FOLDERS = ['models', 'input', 'output', 'failure', 'jobs', 'episodes', 'results', 'verified'];

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
  // Under a prefix that is the folder of another endpoint, this one would lie in its midst.
  if (given.prefix !== undefined && FOLDERS.includes(given['endpoint-name'])) {
    found.push(
      wrong(
        'endpoint-name',
        given['endpoint-name'],
        'must not be the name of a folder of an endpoint when prefix is set',
      ),
    );
  }
  const types = given['instance-type'];
  const [type = ''] = types;
  if (types.some((other) => hasGpu(other) !== hasGpu(type))) {
    found.push(wrong('instance-type', types.join(', '), 'must name types with a GPU only, or types without one only'));
  }
  if (!hasGpu(type) && given['compute-type'].includes('float16')) {
    found.push(
      wrong('compute-type', given['compute-type'], `needs a GPU, and ${type} has none: take auto, int8 or float32`),
    );
  }
  const local = types.filter(hasLocalStorage);
  if (given['volume-size'] !== undefined && local.length > 0) {
    found.push(
      wrong(
        'volume-size',
        given['volume-size'],
        `must be empty: ${local.join(', ')} use disks of their own, whose size is fixed`,
      ),
    );
  }
  if (given.package === 'tar.gz' && given.model.startsWith('s3:')) {
    found.push(wrong('package', 'tar.gz', `must be prefix: ${given.model} is used where it is, not packed`));
  }
  if ((given.subnets.length === 0) !== (given['security-group-ids'].length === 0)) {
    const [empty, other] =
      given.subnets.length === 0 ? ['subnets', 'security-group-ids'] : ['security-group-ids', 'subnets'];
    found.push(wrong(empty, '', `must be given with ${other}: SageMaker takes both or neither`));
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
