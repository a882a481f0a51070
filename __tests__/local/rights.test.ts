// The roles of infra/ against what runs of every mode really ask for: all of it is granted, and nothing else.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LoggedRequest } from '../../script/lib/local-aws.ts';
import { endpointLog } from '../../src/aws/endpoint-log.js';
import { readActivities } from '../../src/aws/scaling.js';
import type { Context } from '../../src/context.js';
import { destroy } from '../../src/deploy/destroy.js';
import { plan } from '../../src/deploy/plan.js';
import { startProgress } from '../../src/deploy/progress.js';
import { prune } from '../../src/deploy/prune.js';
import { image } from '../../src/deploy/resources/image.js';
import { repository } from '../../src/deploy/resources/repository.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';
import { transcribe } from '../../src/transcribe/transcribe.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';
import { account, desired, materials } from '../helpers/desired.ts';
import { type PodcastHost, startPodcastHost } from '../helpers/podcast-host.ts';
import { allows, withOneLess } from '../helpers/policy.ts';
import { readImpliedRights, requiredRights } from '../helpers/rights.ts';
import { createRolesStack, type RoleName, type RolesStack } from '../helpers/roles-stack.ts';
import { podcastSettings, transcribeSettings } from '../helpers/transcribe-settings.ts';

const MINUTES = 60_000;
const DAYS = 24 * 60 * MINUTES;
const BUCKET = `whisper-sagemaker-${account}-us-east-1`;
const REPOSITORY = 'whisper-sagemaker';
const PART = 8 * 1024 * 1024;
const ROLES: RoleName[] = ['deploy', 'plan', 'transcribe', 'execution'];

let rig: DeployRig;
let folder: string;
let stack: RolesStack;
let host: PodcastHost;
const requests: Record<RoleName, LoggedRequest[]> = { deploy: [], plan: [], transcribe: [], execution: [] };

const GITHUB = { GitHubOwner: 'acme', GitHubOwnerId: '1234', GitHubRepository: 'podcast', GitHubRepositoryId: '5678' };
/** Everything that can be chosen, chosen: so all optional statements are there. */
const PARAMETERS = {
  ...GITHUB,
  ModelBucket: 'models',
  ModelPrefix: 'whisper/',
  AudioBucket: 'recordings',
  AudioPrefix: '2026/',
  PublishBucket: 'website',
  PublishPrefix: 'transcripts/',
  BaseImageRepositoryArn: 'arn:aws:ecr:us-east-1:763104351884:repository/pytorch-inference',
  KmsKeyArn: `arn:aws:kms:us-east-1:${account}:key/01234567-89ab-cdef-0123-456789abcdef`,
  TopicArns: `arn:aws:sns:us-east-1:${account}:done,arn:aws:sns:us-east-1:${account}:failed`,
  InVpc: 'true',
  PermissionsBoundaryArn: `arn:aws:iam::${account}:policy/boundary`,
  RolePath: '/ci/',
  // The local AWS has a role of the default name already.
  DeployRoleName: 'podcast-deploy',
  PlanRoleName: 'podcast-plan',
  TranscribeRoleName: 'podcast-transcribe',
  ExecutionRoleName: 'podcast-execution',
};

beforeAll(async () => {
  [rig, host] = await Promise.all([startDeployRig(), startPodcastHost()]);
  folder = await mkdtemp(join(tmpdir(), 'rights-'));
  stack = await createRolesStack(rig.aws, 'podcast', PARAMETERS);
}, 5 * MINUTES);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await Promise.all([rig?.stop(), host?.stop()]);
}, 2 * MINUTES);

/** Notes the requests of `body` as made by a role. */
const as = async (role: RoleName, body: () => Promise<unknown>) => {
  requests[role].push(...(await rig.requestsOf(body)));
};
/** A context that much later. */
const later = (milliseconds: number): Context => {
  const context = rig.context();
  return { ...context, clock: { ...context.clock, now: () => Date.now() + milliseconds } };
};

/** An image of its own in the repository, as deploy makes both. */
async function build(tag: string): Promise<string> {
  const path = await mkdtemp(join(folder, 'build-'));
  await writeFile(join(path, 'Dockerfile'), `ARG BASE_IMAGE\nFROM \${BASE_IMAGE}\nENV NAME=${tag}\n`);
  const source = materials.image as Extract<typeof materials.image, { kind: 'build' }>;
  const buildArguments = { BASE_IMAGE: rig.aws.environment['WHISPER_INSTANT_IMAGE'] ?? '', FLAVOUR: 'cpu' as const };
  const wanted = { ...desired({}, { image: { ...source, tag, folder: path, buildArguments } }), known: {} };
  const context = rig.context();
  const found = await repository.read(context, wanted);
  const known = found ?? (await repository.apply(context, wanted, found));
  expect(await image.read(context, { ...wanted, known })).toBeUndefined();
  await image.apply(context, { ...wanted, known }, undefined);
  return `${known.imageRepositoryUri}:${tag}`;
}

const settingsOf = (overrides: Partial<DeploySettings>): DeploySettings =>
  rig.settings({ executionRoleArn: stack.outputs['ExecutionRoleArn'] ?? '', ecrRepository: REPOSITORY, ...overrides });
const planned = (overrides: Partial<DeploySettings>, context: Context) =>
  plan(context, settingsOf({ mode: 'plan', ...overrides }), startProgress(context, 5));
/** An upload of the weights as a run leaves it that was killed. */
async function leaveUnfinished(): Promise<void> {
  const s3 = await rig.clients.s3();
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: BUCKET, Prefix: 'whisper/models/' });
  const largest = Contents.sort((a, b) => (b.Size ?? 0) - (a.Size ?? 0))[0]?.Key;
  await s3.deleteObject({ Bucket: BUCKET, Key: largest });
  await s3.createMultipartUpload({ Bucket: BUCKET, Key: largest, ChecksumAlgorithm: 'SHA256' });
}
/** Somebody has written over the alarms; their tags stay. */
async function changeAlarms(): Promise<void> {
  const cloudwatch = await rig.clients.cloudwatch();
  const alarm = { Namespace: 'AWS/SageMaker', MetricName: 'ApproximateBacklogSize', Statistic: 'Average' as const };
  const condition = {
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold' as const,
    EvaluationPeriods: 1,
    Period: 60,
  };
  for (const AlarmName of ['whisper-idle', 'whisper-wake']) {
    await cloudwatch.putMetricAlarm({ AlarmName, ...alarm, ...condition });
  }
}
/** A request of transcribe's that has no answer yet. */
async function leaveClaim(): Promise<void> {
  const s3 = await rig.clients.s3();
  const sent = new Date().toISOString();
  const deadline = new Date(Date.now() + DAYS).toISOString();
  const output = `s3://${BUCKET}/whisper/output/a.out`;
  const claim = {
    version: 1,
    state: 'sent',
    audio: '',
    inferenceId: 'a',
    output,
    owner: 'run',
    attempt: 1,
    sent,
    deadline,
  };
  await s3.putObject({ Bucket: BUCKET, Key: 'whisper/jobs/a.json', Body: JSON.stringify(claim) });
}

describe('a stack of infra/cloudformation.yaml', () => {
  test('has made every resource of the template, as IAM tells them', async () => {
    expect(Object.entries(stack.resources).filter(([, made]) => made === undefined)).toEqual([]);
    expect(Object.keys(stack.resources)).toHaveLength(5);
    const provider = `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`;
    expect(await stack.provider(provider)).toContain('<member>sts.amazonaws.com</member>');
    for (const role of ROLES) {
      const { text } = await stack.role(role);
      expect(text).toContain(`<Arn>arn:aws:iam::${account}:role/ci/podcast-${role}</Arn>`);
      expect(text).toContain(PARAMETERS.PermissionsBoundaryArn);
      expect(Object.values(stack.outputs)).toContain(`arn:aws:iam::${account}:role/ci/podcast-${role}`);
    }
  });

  test.each([
    ['deploy', 'environment:production'],
    ['plan', '*'],
    ['transcribe', 'ref:refs/heads/main'],
  ] as const)("lets GitHub's jobs assume the role for %s, by both forms of their subject", async (role, jobs) => {
    const { trust } = await stack.role(role);
    expect(trust).toEqual([
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' },
          StringLike: {
            'token.actions.githubusercontent.com:sub': [
              `repo:acme/podcast:${jobs}`,
              `repo:acme@1234/podcast@5678:${jobs}`,
            ],
          },
        },
      },
    ]);
  });
});

describe('runs of every mode, the endpoint under its own role', () => {
  let imageUri: string;
  let small: DeploySettings['model'];
  let large: DeploySettings['model'];

  test(
    'plan, deploy, again and with other scaling',
    async () => {
      small = { kind: 'folder', path: await rig.weights('small') };
      large = { kind: 'folder', path: await rig.weights('large'.padEnd(PART + 1)) };
      await as('deploy', async () => {
        imageUri = await build('a'.repeat(16));
      });
      await as('plan', () => planned({ model: small, imageUri: undefined }, rig.context()));
      const first = { imageUri, model: small, maxInstances: 2 };
      await as('deploy', () => rig.deploy(settingsOf(first)));
      expect(rig.lines).toContain('A clip came back from the new image with the new model.');
      await as('deploy', () => rig.deploy(settingsOf(first)));
      await as('deploy', () => rig.deploy(settingsOf({ ...first, maxInstances: 1 })));
    },
    3 * MINUTES,
  );

  test(
    'transcribe files, objects and episodes, publish to S3, forget',
    async () => {
      await writeFile(join(folder, 'good.mp3'), Buffer.alloc(PART + 1));
      await writeFile(join(folder, 'bad.mp3'), 'fail:400\n\0');
      await writeFile(join(folder, 'late.ogg'), 'sleep:5\n\0');
      for (const name of ['recordings', 'website']) await rig.aws.control('bucket', { name });
      const s3 = await rig.clients.s3();
      await s3.putObject({ Bucket: 'recordings', Key: '2026/talk.mp3', Body: '\0' });
      const run = async (overrides: Partial<TranscribeSettings>) => {
        const settings = transcribeSettings({ workspace: folder, publish: 's3', ...overrides });
        const { files } = await transcribe(later(DAYS), settings, new AbortController().signal);
        return Object.fromEntries(files.map(({ audio, state }) => [audio, state]));
      };
      const publishTo = { bucket: 'website', prefix: 'transcripts/' };
      const objects = { files: ['s3://recordings/2026/*'], publishTo };
      await as('transcribe', async () => {
        expect(await run({ files: ['late.ogg'], wait: false })).toEqual({ 'late.ogg': 'pending' });
        expect(await run({ files: ['late.ogg'] })).toEqual({ 'late.ogg': 'transcribed' });
        expect(await run({ files: ['*.mp3'] })).toEqual({ 'bad.mp3': 'failed', 'good.mp3': 'transcribed' });
        expect(await run({ files: ['*.mp3'] })).toEqual({ 'bad.mp3': 'failed', 'good.mp3': 'reused' });
        expect(await run(objects)).toEqual({ 's3://recordings/2026/talk.mp3': 'transcribed' });
        await readActivities(rig.context(), 'whisper');
        const feed = host.publish('show', 'Show', [{ guid: '1', title: 'One', audio: Buffer.from('sleep:5\n\0\0') }]);
        const podcast = podcastSettings({ feeds: [feed], allowPrivateAddresses: true });
        expect(await run({ files: [], podcast, wait: false })).toEqual({ 'podcast://show/one': 'pending' });
        expect(await run({ files: [], podcast })).toEqual({ 'podcast://show/one': 'transcribed' });
        await run({ files: [], forget: ['*.mp3'] });
        await run({ files: [], forget: ['s3://recordings/**'], publishTo });
      });
    },
    2 * MINUTES,
  );

  test(
    'plan, with work under way and alarms that somebody has changed',
    async () => {
      await leaveClaim();
      await changeAlarms();
      await as('plan', () => planned({ imageUri, model: small, instanceTypes: ['ml.g5.xlarge'] }, later(DAYS)));
    },
    MINUTES,
  );

  test(
    'another model on another instance type, an upload that is gone on with, prune, destroy',
    async () => {
      const second = {
        imageUri,
        model: large,
        instanceTypes: ['ml.g5.xlarge'] as [string],
        maxInstances: 1,
        idleMinutes: 6,
      };
      await as('deploy', () => rig.deploy(settingsOf(second)));
      await leaveUnfinished();
      await as('deploy', () => rig.deploy(settingsOf(second)));
      // As a failed deployment is explained, in a plan too.
      for (const role of ['deploy', 'plan'] as const) {
        await as(role, async () => {
          expect(await endpointLog(rig.context(), 'whisper')).toMatchObject({ state: 'lines' });
        });
      }
      await leaveUnfinished();
      await build('b'.repeat(16));
      const much = later(2 * DAYS);
      await as('deploy', () => prune(much, { ...settingsOf(second), keep: 0 }, { planned: [], made: [], steps: [] }));
      expect(rig.lines.join('\n')).toMatch(/delete image whisper-sagemaker:b{16}/);
      await as('deploy', () =>
        destroy(
          rig.context(),
          {
            ...settingsOf(second),
            mode: 'destroy',
            waitMinutes: 5,
            drainMinutes: 0,
            whenBusy: 'update',
            deleteData: true,
          },
          startProgress(rig.context(), 5),
        ),
      );
    },
    3 * MINUTES,
  );
});

describe.each(ROLES)('the role for %s', (role) => {
  test('may do all that its runs ask for, and all that AWS asks besides', async () => {
    const statements = await stack.statements(role);
    const required = requiredRights(role, requests[role], await readImpliedRights());
    expect(required.length).toBeGreaterThan(10);
    expect(required.filter((right) => !allows(statements, right))).toEqual([]);
  });

  test('may do nothing else: without any one of its rights something is refused', async () => {
    const statements = await stack.statements(role);
    const required = requiredRights(role, requests[role], await readImpliedRights());
    const needless = [...withOneLess(statements)].filter(({ rest }) => required.every((right) => allows(rest, right)));
    expect(needless.map(({ less }) => less)).toEqual([]);
  });
});

describe('roles for other endpoints, in a bucket and a repository that were given', () => {
  const HERE = `us-east-1:${account}`;
  let given: RolesStack;
  beforeAll(async () => {
    given = await createRolesStack(rig.aws, 'given', {
      ...GITHUB,
      CreateOidcProvider: 'false',
      EndpointName: 'team-*',
      Bucket: 'company',
      Prefix: 'audio/',
      RepositoryName: 'shared/whisper',
      RepositoryAccount: '210987654321',
      ...Object.fromEntries(
        ['Deploy', 'Plan', 'Transcribe', 'Execution'].map((name) => [`${name}RoleName`, `team-${name}`]),
      ),
    });
  });

  test('use the provider that is there', async () => {
    expect(given.resources['OidcProvider']).toBeUndefined();
    expect((await given.role('plan')).trust).toEqual((await stack.role('plan')).trust);
  });

  test.each<[RoleName, string, string, boolean]>([
    ['deploy', 'sagemaker:CreateEndpoint', `arn:aws:sagemaker:${HERE}:endpoint/team-a`, true],
    ['deploy', 'sagemaker:CreateEndpoint', `arn:aws:sagemaker:${HERE}:endpoint/whisper`, false],
    ['deploy', 'sagemaker:DeleteEndpointConfig', `arn:aws:sagemaker:${HERE}:endpoint-config/team-a-0123456789ab`, true],
    ['deploy', 's3:PutObject', 'arn:aws:s3:::company/audio/team-a/models/0123456789ab/model.bin', true],
    ['deploy', 's3:DeleteObject', 'arn:aws:s3:::company/audio/others/results/a.json', false],
    ['deploy', 's3:DeleteObject', 'arn:aws:s3:::company/team-a/results/a.json', false],
    ['deploy', 's3:PutLifecycleConfiguration', 'arn:aws:s3:::company', false],
    ['deploy', 's3:CreateBucket', `arn:aws:s3:::${BUCKET}`, false],
    ['deploy', 'ecr:PutImage', 'arn:aws:ecr:us-east-1:210987654321:repository/shared/whisper', true],
    ['deploy', 'ecr:BatchDeleteImage', 'arn:aws:ecr:us-east-1:210987654321:repository/shared/whisper', false],
    ['deploy', 'ecr:CreateRepository', `arn:aws:ecr:${HERE}:repository/shared/whisper`, false],
    ['plan', 's3:GetObject', 'arn:aws:s3:::company/audio/team-a/results/a.json', false],
    ['transcribe', 's3:PutObject', 'arn:aws:s3:::company/audio/team-a/models/0123456789ab/model.bin', false],
    ['execution', 's3:PutObject', 'arn:aws:s3:::company/audio/team-a/results/a.json', false],
    ['execution', 'ecr:BatchGetImage', 'arn:aws:ecr:us-east-1:210987654321:repository/shared/whisper', true],
  ])('%s: %s on %s: %s', async (role, action, resource, allowed) => {
    expect(allows(await given.statements(role), { action, resource })).toBe(allowed);
  });

  test('those for one endpoint keep off another whose name begins with its own', async () => {
    const statements = await stack.statements('deploy');
    for (const resource of [
      'endpoint/whisper-2',
      'endpoint-config/whisper-2-0123456789ab',
      'model/whisper-2-0123456789ab',
    ]) {
      for (const action of ['sagemaker:DeleteEndpoint', 'sagemaker:DeleteEndpointConfig', 'sagemaker:DeleteModel']) {
        expect(allows(statements, { action, resource: `arn:aws:sagemaker:${HERE}:${resource}` })).toBe(false);
      }
    }
    expect(
      allows(statements, { action: 's3:GetObject', resource: `arn:aws:s3:::${BUCKET}/whisper-2/jobs/a.json` }),
    ).toBe(false);
  });
});
