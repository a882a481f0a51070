import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Clients } from '../../src/aws/clients.js';
import { destroy } from '../../src/deploy/destroy.js';
import { startProgress } from '../../src/deploy/progress.js';
import type { DestroySettings } from '../../src/settings/remove.js';
import { deployedState } from '../helpers/deployed-state.ts';
import { killedAfter } from '../helpers/killed-after.ts';
import { audio, BUCKET, startTranscribeRig, states, type TranscribeRig } from '../helpers/transcribe-on-local-aws.ts';

const MINUTES = 60_000;
/** More than any destroy here changes with. */
const MOST = 40;

let rig: TranscribeRig;
const images: Record<'whisper' | 'other', string> = { whisper: '', other: '' };

beforeAll(async () => {
  rig = await startTranscribeRig();
  // As a build tags them, in a repository as a build makes it.
  images.whisper = await rig.image({ NAME: 'whisper' }, 'a'.repeat(16));
  images.other = await rig.image({ NAME: 'other' }, 'b'.repeat(16));
  const ecr = await rig.clients.ecr();
  const { repositories } = await ecr.describeRepositories({ repositoryNames: ['instant'] });
  const resourceArn = repositories?.[0]?.repositoryArn;
  await ecr.tagResource({ resourceArn, tags: [{ Key: 'whisper-sagemaker', Value: 'whisper' }] });
  await ecr.batchDeleteImage({ repositoryName: 'instant', imageIds: [{ imageTag: tagOf(rig.settings().imageUri) }] });
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

const tagOf = (uri = '') => uri.slice(uri.lastIndexOf(':') + 1);
const deploy = (endpointName: 'whisper' | 'other') =>
  rig.deploy({ endpointName, imageUri: images[endpointName], minInstances: 1, maxConcurrentInvocations: 2 });

async function run(overrides: Partial<DestroySettings> = {}, by?: Clients) {
  const context = rig.context(undefined, by);
  rig.lines.length = 0;
  const endpointName = overrides.endpointName ?? 'whisper';
  const settings: DestroySettings = {
    mode: 'destroy',
    endpointName,
    region: 'us-east-1',
    allowedAccountId: undefined,
    roleToAssume: undefined,
    bucket: undefined,
    folder: `${endpointName}/`,
    ecrRepository: 'instant',
    waitMinutes: 5,
    drainMinutes: 0,
    whenBusy: 'wait',
    deleteData: false,
    ...overrides,
  };
  const progress = startProgress(context, settings.waitMinutes);
  const stays = await destroy(context, settings, progress);
  return { stays, removed: progress.made.map(({ resource, name }) => `${resource} ${name}`) };
}

const mutating = async (body: () => Promise<unknown>) =>
  (await rig.requestsOf(body)).filter(({ mutating }) => mutating).map(({ operation }) => operation);
const keys = async (Prefix: string) =>
  ((await (await rig.clients.s3()).listObjectsV2({ Bucket: BUCKET, Prefix })).Contents ?? []).map(({ Key }) => Key);
const put = async (Key: string, Body = 'x') => (await rig.clients.s3()).putObject({ Bucket: BUCKET, Key, Body });
const tags = async () =>
  ((await (await rig.clients.ecr()).describeImages({ repositoryName: 'instant' })).imageDetails ?? [])
    .flatMap(({ imageTags = [] }) => imageTags)
    .sort();

/** All that there is of an account, by name. */
async function whatIsThere() {
  const [sagemaker, autoscaling, cloudwatch, s3, ecr] = await Promise.all([
    rig.clients.sagemaker(),
    rig.clients.autoscaling(),
    rig.clients.cloudwatch(),
    rig.clients.s3(),
    rig.clients.ecr(),
  ]);
  return {
    endpoints: (await sagemaker.listEndpoints({})).Endpoints?.map(({ EndpointName }) => EndpointName),
    configs: (await sagemaker.listEndpointConfigs({})).EndpointConfigs?.map((found) => found.EndpointConfigName),
    models: (await sagemaker.listModels({})).Models?.map(({ ModelName }) => ModelName),
    targets: (await autoscaling.describeScalableTargets({ ServiceNamespace: 'sagemaker' })).ScalableTargets,
    alarms: (await cloudwatch.describeAlarms({})).MetricAlarms?.map(({ AlarmName }) => AlarmName),
    buckets: (await s3.listBuckets({})).Buckets?.map(({ Name }) => Name),
    repositories: (await ecr.describeRepositories({})).repositories?.map(({ repositoryName }) => repositoryName),
  };
}

describe('two endpoints that share bucket and repository', () => {
  let before: unknown;

  test(
    'destroying one leaves the other whole and working, and its own transcripts',
    async () => {
      await Promise.all([deploy('whisper'), deploy('other')]);
      const workspace = await rig.workspace({ 'audio/a.mp3': audio() });
      await rig.transcribe(workspace, { settings: { publish: 'none' } });
      for (const key of ['input/one', 'results/one.json', 'jobs/one.json']) await put(`other/${key}`);
      await put('whisper/input/left-over');
      await put('whisper/transcripts/one.txt');
      const s3 = await rig.clients.s3();
      await s3.createMultipartUpload({ Bucket: BUCKET, Key: 'whisper/models/0123456789ab/model.bin' });
      await s3.createMultipartUpload({ Bucket: BUCKET, Key: 'other/models/0123456789ab/model.bin' });
      before = await deployedState(rig.clients, 'other', BUCKET);

      const { removed, stays } = await run();
      expect(removed.map((line) => line.replace(/(?<=whisper(?:-|\/models\/))[0-9a-f]{12}/, 'HASH'))).toEqual([
        'alarm whisper-idle',
        'alarm whisper-wake',
        'scaling policy whisper-wake',
        'scaling policy whisper-idle',
        'scalable target whisper',
        'endpoint whisper',
        ...removed
          .filter((line) => line.startsWith('endpoint configuration'))
          .map(() => 'endpoint configuration whisper-HASH'),
        `image instant:${'a'.repeat(16)}`,
        ...removed.filter((line) => line.startsWith('model whisper')).map(() => 'model whisper-HASH'),
        ...removed
          .filter((line) => line.startsWith('model weights'))
          .map(() => `model weights s3://${BUCKET}/whisper/models/HASH/`),
        `objects s3://${BUCKET}/whisper/input/`,
        `objects s3://${BUCKET}/whisper/verified/`,
        `life-cycle rules ${BUCKET}`,
      ]);
      expect(rig.lines.indexOf(`  - delete endpoint whisper`)).toBeGreaterThan(0);
      expect(rig.lines.indexOf(`  - delete endpoint whisper`)).toBeLessThan(
        rig.lines.indexOf('delete alarm whisper-idle'),
      );
      expect(stays.join('\n')).toContain(`s3://${BUCKET}/whisper/results/ stay`);
      for (const data of ['transcripts', 'published']) {
        expect(stays.join('\n')).toContain(`s3://${BUCKET}/whisper/${data}/ stay`);
      }
      expect(await keys('whisper/')).toEqual([
        expect.stringMatching(/^whisper\/published\/[0-9a-f]{64}\.json$/),
        expect.stringMatching(/^whisper\/results\/[0-9a-f]{64}\.json$/),
        'whisper/transcripts/one.txt',
      ]);
      expect((await s3.listMultipartUploads({ Bucket: BUCKET, Prefix: 'whisper/' })).Uploads ?? []).toEqual([]);
      expect(await tags()).toEqual(['b'.repeat(16)]);

      expect(await deployedState(rig.clients, 'other', BUCKET)).toEqual(before);
      // Without its note, a deploy sends a clip through the endpoint.
      const note = (await keys('other/verified/'))[0];
      await s3.deleteObject({ Bucket: BUCKET, Key: note });
      expect((await deploy('other')).changes).toEqual([]);
      expect(rig.lines).toContain('A clip came back from the new image with the new model.');
    },
    2 * MINUTES,
  );

  test('destroying it again finds nothing to remove', async () => {
    expect(await mutating(() => run())).toEqual([]);
    expect(rig.lines.join('\n')).toMatch(/^Nothing to remove/m);
  });
});

test(
  'transcripts that stayed are found again after a new deploy, and cost nothing',
  async () => {
    images.whisper = await rig.image({ NAME: 'whisper' }, 'a'.repeat(16));
    await deploy('whisper');
    const workspace = await rig.workspace({ 'audio/a.mp3': audio() });
    const settings = { publish: 'none' } as const;
    expect(states(await rig.transcribe(workspace, { settings }))).toEqual({ 'audio/a.mp3': 'transcribed' });
    await run();
    images.whisper = await rig.image({ NAME: 'whisper' }, 'a'.repeat(16));
    await deploy('whisper');
    expect(
      await rig.invocationsOf(async () => {
        expect(states(await rig.transcribe(workspace, { settings }))).toEqual({ 'audio/a.mp3': 'reused' });
      }),
    ).toBe(0);
  },
  2 * MINUTES,
);

describe('what is refused before anything is removed', () => {
  const refused = async (overrides: Partial<DestroySettings>) => {
    let error: unknown;
    const changes = await mutating(async () => {
      error = await run(overrides).catch((reason: unknown) => reason);
    });
    expect(changes).toEqual([]);
    return error;
  };

  test('an endpoint that this action did not make', async () => {
    const sagemaker = await rig.clients.sagemaker();
    const { EndpointConfigName } = await sagemaker.describeEndpoint({ EndpointName: 'other' });
    await sagemaker.createEndpoint({ EndpointName: 'theirs', EndpointConfigName });
    expect(await refused({ endpointName: 'theirs' })).toMatchObject({ message: expect.stringContaining('no tag') });
  });

  test('inputs that name another place than the deploy did', async () => {
    expect(await refused({ folder: 'team/whisper/' })).toMatchObject({
      message: expect.stringContaining(`s3://${BUCKET}/whisper/`),
      remedy: expect.stringContaining('`prefix`'),
    });
  });

  test('an endpoint that is at work', async () => {
    const claim = {
      version: 1,
      state: 'sent',
      audio: '',
      inferenceId: 'a',
      output: `s3://${BUCKET}/whisper/output/a.out`,
      owner: 'run 1',
      attempt: 1,
      sent: new Date().toISOString(),
      deadline: new Date(Date.now() + 60 * MINUTES).toISOString(),
    };
    await put('whisper/jobs/a.json', JSON.stringify(claim));
    expect(await refused({ drainMinutes: 0 })).toMatchObject({ message: expect.stringContaining('still under way') });
  });
});

test(
  'in a status in which SageMaker refuses it waits; a bucket that was given stays, and so do its rules and versions',
  async () => {
    const s3 = await rig.clients.s3();
    await s3.createBucket({ Bucket: 'given' });
    await s3.putBucketVersioning({ Bucket: 'given', VersioningConfiguration: { Status: 'Enabled' } });
    const place = { endpointName: 'third', bucket: 'given', folder: 'team/third/' };
    await rig.deploy({ ...place, imageUri: images.other });
    await rig.aws.control('endpoints/third', { status: 'SystemUpdating', seconds: 3 });
    const { stays, removed } = await run(place);
    expect(removed).toContain('endpoint third');
    expect(stays).toContainEqual(expect.stringMatching(/^Versions of what is removed .* given stay/));
    expect(stays).toContain('The bucket given stays: it was given.');
    expect((await s3.listObjectsV2({ Bucket: 'given' })).Contents ?? []).toEqual([]);
    expect(await tags()).toContain('b'.repeat(16));
  },
  2 * MINUTES,
);

test(
  'killed after each of its changes and run again, it goes on, until nothing is left of the last endpoints',
  async () => {
    await run({ endpointName: 'other', deleteData: true });
    const last = { deleteData: true, whenBusy: 'update' } as const;
    let killed = 0;
    for (; killed < MOST; killed++) {
      const clients = killedAfter(1, 'us-east-1');
      const changes = await mutating(() => run(last, clients).catch(() => undefined));
      if (clients.survived()) break;
      expect(changes).toHaveLength(1);
    }
    expect(killed).toBeGreaterThan(10);
    expect(await whatIsThere()).toEqual({
      endpoints: ['theirs'],
      configs: [],
      models: [],
      targets: [],
      alarms: [],
      buckets: ['given'],
      repositories: [],
    });
  },
  4 * MINUTES,
);
