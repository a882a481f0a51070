import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Change } from '../../src/deploy/changes.js';
import { prune } from '../../src/deploy/prune.js';
import type { PruneSettings } from '../../src/settings/remove.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';

const MINUTES = 60_000;
const DAYS = 24 * 60 * MINUTES;

let rig: DeployRig;

beforeAll(async () => {
  rig = await startDeployRig();
  const ecr = await rig.clients.ecr();
  const { repositories } = await ecr.describeRepositories({ repositoryNames: ['instant'] });
  const resourceArn = repositories?.[0]?.repositoryArn;
  await ecr.tagResource({ resourceArn, tags: [{ Key: 'whisper-sagemaker', Value: 'whisper' }] });
}, 10 * MINUTES);
afterAll(() => rig?.stop(), 2 * MINUTES);

/** Prunes as if it were `later`, in milliseconds from now. */
async function run(later: number, keep: PruneSettings['keep'] = 1) {
  const context = rig.context();
  const progress = { planned: [], made: [] as Change[], steps: [] };
  const place = { endpointName: 'whisper', region: 'us-east-1', bucket: undefined, folder: 'whisper/' };
  await prune(
    { ...context, clock: { ...context.clock, now: () => Date.now() + later } },
    { ...place, ecrRepository: 'instant', keep },
    progress,
  );
  return progress.made.map(({ resource, name }) => `${resource} ${name}`).sort();
}

/** Names of the configuration and the model that serve, and of its weights. */
async function served() {
  const sagemaker = await rig.clients.sagemaker();
  const { EndpointConfigName: config = '' } = await sagemaker.describeEndpoint({ EndpointName: 'whisper' });
  const { ProductionVariants } = await sagemaker.describeEndpointConfig({ EndpointConfigName: config });
  const model = ProductionVariants?.[0]?.ModelName ?? '';
  const { PrimaryContainer } = await sagemaker.describeModel({ ModelName: model });
  const uri = PrimaryContainer?.ModelDataSource?.S3DataSource?.S3Uri ?? '';
  return { config, model, weights: uri, note: `${uri.replace(/models\/.*/, '')}verified/` };
}

const tags = async () =>
  ((await (await rig.clients.ecr()).describeImages({ repositoryName: 'instant' })).imageDetails ?? [])
    .flatMap(({ imageTags = [] }) => imageTags)
    .filter((tag) => tag.length === 16)
    .sort();

const tag = (letter: string) => letter.repeat(16);
const mutating = async (body: () => Promise<unknown>) =>
  (await rig.requestsOf(body)).filter(({ mutating }) => mutating).map(({ operation }) => operation);

test(
  'keeps what serves, the last good ones, what is young, and what any model of the account names',
  async () => {
    const deploy = async (letter: string, text: string, verify = true) => {
      const imageUri = await rig.image({ VERSION: letter }, tag(letter));
      const settings = { imageUri, model: { kind: 'folder' as const, path: await rig.weights(text) } };
      await rig.deploy({ ...settings, verify, keep: 'all' });
      return { ...(await served()), settings };
    };
    const first = await deploy('1', 'first');
    const good = await deploy('2', 'good');
    const unverified = await deploy('3', 'unverified', false);
    const { settings, ...current } = await deploy('4', 'current');
    expect(await run(0, 'all')).toEqual([]);
    // All of it was made today: only what is known to be good, and one too many, goes.
    expect(await run(0)).toEqual([
      `endpoint configuration ${first.config}`,
      `model ${first.model}`,
      `objects ${first.note}`,
    ]);

    // A model of somebody's own names an image and weights that the endpoint does without.
    const sagemaker = await rig.clients.sagemaker();
    const { Image, ModelDataSource } =
      (await sagemaker.describeModel({ ModelName: unverified.model })).PrimaryContainer ?? {};
    await sagemaker.createModel({
      ModelName: 'theirs',
      ExecutionRoleArn: rig.settings().executionRoleArn,
      PrimaryContainer: { Image, ModelDataSource },
    });
    expect(await run(2 * DAYS)).toEqual([
      `endpoint configuration ${unverified.config}`,
      `image instant:${tag('1')}`,
      `model weights ${first.weights}`,
      `model ${unverified.model}`,
    ]);
    expect(await tags()).toEqual([tag('2'), tag('3'), tag('4')]);
    await sagemaker.deleteModel({ ModelName: 'theirs' });
    expect(await run(2 * DAYS)).toEqual([`image instant:${tag('3')}`, `model weights ${unverified.weights}`]);
    expect(await mutating(() => run(2 * DAYS))).toEqual([]);

    // What serves stays whatever is asked for, and works.
    expect(await run(2 * DAYS, 0)).toEqual([
      `endpoint configuration ${good.config}`,
      `image instant:${tag('2')}`,
      `model weights ${good.weights}`,
      `model ${good.model}`,
      `objects ${good.note}`,
    ]);
    expect(await served()).toEqual(current);
    expect(await mutating(() => rig.deploy(settings))).toEqual([]);
  },
  2 * MINUTES,
);

test(
  'a deploy prunes after a change, and not without one; lacking the rights for it is a warning there, and fails a prune',
  async () => {
    const { config, model } = await served();
    const denied = ['sagemaker:ListModels'];
    const access_key_id = rig.aws.environment['AWS_ACCESS_KEY_ID'];
    await rig.aws.control('credentials', { access_key_id, state: 'valid', denied });
    try {
      await rig.deploy({ idleMinutes: 7, keep: 0 });
      expect(rig.lines.join('\n')).toMatch(/warning: The endpoint is deployed, but .*sagemaker:ListModels/);
      await expect(run(0)).rejects.toThrow(/ListModels/);
    } finally {
      await rig.aws.control('credentials', { access_key_id, state: 'valid', denied: [] });
    }
    const imageUri = await rig.image({ VERSION: '5' }, tag('5'));
    const { changes } = await rig.deploy({ imageUri, keep: 0 });
    const gone = changes.filter(({ action }) => action === 'delete').map(({ name }) => name);
    expect(gone).toEqual(expect.arrayContaining([config, model]));
    const requests = await rig.requestsOf(() => rig.deploy({ imageUri, keep: 0 }));
    expect(requests.filter(({ operation }) => operation.startsWith('List'))).not.toContainEqual(
      expect.objectContaining({ service: 'sagemaker' }),
    );
  },
  2 * MINUTES,
);
