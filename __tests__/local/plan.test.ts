import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createClients } from '../../src/aws/clients.js';
import type { Context } from '../../src/context.js';
import type { Change } from '../../src/deploy/changes.js';
import { deploy } from '../../src/deploy/deploy.js';
import { plan } from '../../src/deploy/plan.js';
import { startProgress } from '../../src/deploy/progress.js';
import { tellDeploy } from '../../src/report/deploy.js';
import type { DeploySettings } from '../../src/settings/deploy.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';
import { type GitHubApi, startGitHubApi } from '../helpers/github-api.ts';

const MINUTES = 60_000;
const ACCOUNT = '123456789012';
const BOT = 'github-actions[bot]';

let rig: DeployRig;
let github: GitHubApi;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-'));
  github = await startGitHubApi('/repos/someone/podcast/issues/7', {
    writes: { login: BOT, rights: 'write' },
    reads: { login: BOT, rights: 'read' },
    elsewhere: { login: BOT, rights: 'none' },
  });
  const event = join(folder, 'event.json');
  await writeFile(event, JSON.stringify({ pull_request: { number: 7, head: { sha: 'c0ffee'.repeat(6) } } }));
  Object.assign(process.env, {
    GITHUB_API_URL: github.url,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: event,
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_REPOSITORY: 'someone/podcast',
    GITHUB_RUN_ID: '42',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_STEP_SUMMARY: join(folder, 'summary'),
  });
  rig = await startDeployRig();
}, 10 * MINUTES);
afterAll(async () => {
  await rig?.stop();
  await github?.stop();
  await rm(folder, { recursive: true, force: true });
}, 2 * MINUTES);
beforeEach(async () => {
  for (const name of ['output', 'summary']) await writeFile(join(folder, name), '');
});

interface Step {
  /** Undefined: it went well. */
  error: Error | undefined;
  outputs: Record<string, string>;
  changes: Change[];
  summary: string;
  lines: string[];
}

/** A plan or a deploy with all that it tells, as src/main.ts runs it. */
async function step(overrides: Partial<DeploySettings>, context: Context = rig.context()): Promise<Step> {
  for (const name of ['output', 'summary']) await writeFile(join(folder, name), '');
  rig.lines.length = 0;
  const settings = rig.settings(overrides);
  const progress = startProgress(context, settings.waitMinutes);
  const story = settings.mode === 'plan' ? plan : deploy;
  const error = await tellDeploy(context, settings, progress, () => story(context, settings, progress)).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  const written = await readFile(join(folder, 'output'), 'utf8');
  const outputs = Object.fromEntries(
    [...written.matchAll(/^(\S+)<<(\S+)\n([\s\S]*?)\n\2$/gm)].map(([, name, , value]) => [name, value]),
  ) as Record<string, string>;
  return {
    error,
    outputs,
    changes: JSON.parse(outputs['changes'] ?? '[]') as Change[],
    summary: await readFile(join(folder, 'summary'), 'utf8'),
    lines: [...rig.lines],
  };
}

const planned = (overrides: Partial<DeploySettings> = {}) => step({ mode: 'plan', ...overrides });
const actions = ({ changes }: Step) =>
  Object.fromEntries(changes.map(({ resource, name, action }) => [`${resource} ${name}`, action]));
/** The step, and a promise that it changed nothing in AWS. */
async function unchanging(body: () => Promise<Step>): Promise<Step> {
  let made: Step | undefined;
  const requests = await rig.requestsOf(async () => {
    made = await body();
  });
  expect(requests.filter(({ mutating }) => mutating)).toEqual([]);
  return made as Step;
}

describe('one endpoint', () => {
  const endpointName = 'planned';
  const settings = { endpointName, pricePerHour: 0.736 };

  test(
    'before the first deploy: everything is to be made, and nothing is',
    async () => {
      const made = await unchanging(() => planned(settings));
      expect(made.error).toBeUndefined();
      expect(made.outputs['changed']).toBe('true');
      expect(actions(made)).toMatchObject({
        'bucket whisper-sagemaker-ACCOUNT-us-east-1': 'create',
        [`endpoint ${endpointName}`]: 'create',
        [`alarm ${endpointName}-idle`]: 'create',
      });
      expect(made.lines).toContain(`  + create endpoint ${endpointName}`);
      expect(made.summary).toContain(`| endpoint | <code>${endpointName}</code> | create |`);
      expect(made.summary).toContain('One instance costs 0.736 an hour');
    },
    MINUTES,
  );

  test(
    'a deploy tells what it made, where it is and what a wake costs',
    async () => {
      const made = await step(settings);
      expect(made.error).toBeUndefined();
      expect(made.outputs).toMatchObject({ changed: 'true', 'image-repository': 'instant' });
      expect(made.summary).toContain(`#/endpoints/${endpointName}>) | created |`);
      expect(made.summary).toMatch(
        /A wake costs about 0\.0\d+ beside the work itself: \d+(?:\.\d)? (?:s|min) to start/,
      );
      const withAccount = Object.entries(made.outputs).filter(([, value]) => value.includes(ACCOUNT));
      expect(withAccount.map(([name]) => name)).toEqual(['endpoint-arn', 'model-data']);
    },
    MINUTES,
  );

  test(
    'after it: every resource is unchanged, in 15 requests at most, none of them for quotas',
    async () => {
      const requests = await rig.requestsOf(async () => {
        const made = await planned(settings);
        expect(made.outputs['changed']).toBe('false');
        expect(new Set(made.changes.map(({ action }) => action))).toEqual(new Set(['unchanged']));
        expect(made.summary).toContain('Nothing to change: everything is as wanted.');
      });
      expect(requests.length).toBeLessThanOrEqual(15);
      expect(requests.filter(({ service }) => service === 'service-quotas')).toEqual([]);
    },
    MINUTES,
  );

  test(
    'what differs is told field by field, old and new; what may be secret is not',
    async () => {
      const sagemaker = await rig.clients.sagemaker();
      const { EndpointConfigName = '' } = await sagemaker.describeEndpoint({ EndpointName: endpointName });
      const config = await sagemaker.describeEndpointConfig({ EndpointConfigName });
      const { ProductionVariants: [variant] = [], AsyncInferenceConfig } = config;
      const model = await sagemaker.describeModel({ ModelName: variant?.ModelName ?? '' });
      // Somebody has served another model by hand, with a token in its environment.
      const Environment = {
        ...model.PrimaryContainer?.Environment,
        WHISPER_MODEL: 'turbo</code>|![x](http://e.com) @team\n::error::x',
        HF_TOKEN: 'hf_0123456789',
        PROXY: 'p:secret@h',
      };
      await sagemaker.createModel({
        ModelName: `${endpointName}-by-hand`,
        ExecutionRoleArn: model.ExecutionRoleArn,
        PrimaryContainer: { ...model.PrimaryContainer, Environment },
      });
      await sagemaker.createEndpointConfig({
        EndpointConfigName: `${endpointName}-by-hand`,
        ProductionVariants: [
          { ...variant, VariantName: 'AllTraffic', ModelName: `${endpointName}-by-hand`, InitialInstanceCount: 1 },
        ],
        AsyncInferenceConfig,
      });
      await sagemaker.updateEndpoint({ EndpointName: endpointName, EndpointConfigName: `${endpointName}-by-hand` });
      await untilInService(endpointName);
      const wanted = { ...settings, idleMinutes: 9, comment: true, githubToken: 'writes' };
      const made = await unchanging(() => planned(wanted));
      const fields = made.changes.find(({ resource }) => resource === 'endpoint')?.fields;
      expect(fields).toEqual(
        expect.arrayContaining([
          { field: 'EndpointConfigName', old: `${endpointName}-by-hand`, new: EndpointConfigName },
          { field: 'PrimaryContainer.Environment.HF_TOKEN', old: '***', new: '' },
          { field: 'PrimaryContainer.Environment.PROXY', old: '***', new: '' },
        ]),
      );
      expect(actions(made)).toMatchObject({ [`alarm ${endpointName}-idle`]: 'update' });
      const [comment] = github.comments.splice(0);
      expect(JSON.stringify([made, comment])).not.toMatch(/hf_0123456789|p:secret@h/);
      // Nothing of it is Markdown, a row of a table or a command to the runner.
      for (const text of [made.summary, comment?.body ?? '']) {
        expect(text).toContain('<code>turbo&lt;/code&gt;&#124;!&#91;x&#93;(http://e.com) &#64;team ::error::x</code>');
      }
      expect(made.lines.filter((line) => line.includes('\n'))).toEqual([]);
    },
    2 * MINUTES,
  );

  test(
    'the next deploy puts it right, and an instance that runs counts against the quota of an update',
    async () => {
      await step(settings);
      await rig.aws.control('quota', { 'ml.g4dn.xlarge': 1 });
      const update = await planned({ ...settings, maxConcurrentInvocations: 2 });
      expect(update.error).toBeUndefined();
      expect(update.lines.join('\n')).toContain(
        'warning: The quota "ml.g4dn.xlarge for endpoint usage" is 1, with no room for one more beside the 1 that run',
      );
      const more = await planned({ ...settings, maxInstances: 3 });
      expect(more.error).toBeUndefined();
      expect(more.lines.join('\n')).toMatch(/warning: The quota .* is 1: scaling cannot reach max-instances \(3\)/);
      await rig.aws.control('quota', { 'ml.g4dn.xlarge': null });
    },
    2 * MINUTES,
  );

  test(
    'one that Failed: with replace-failed it is to be replaced, else the plan fails as a deploy would',
    async () => {
      await rig.aws.control(`endpoints/${endpointName}`, { status: 'Failed', reason: 'CapacityError: none left' });
      const refused = await unchanging(() => planned(settings));
      expect(refused.error?.message).toContain('CapacityError: none left');
      expect(refused.summary).toContain('**The plan failed.**');
      expect(refused.summary).toContain('CapacityError: none left');
      const made = await unchanging(() => planned({ ...settings, replaceFailed: true }));
      expect(actions(made)).toMatchObject({ [`endpoint ${endpointName}`]: 'replace' });
      expect(made.lines).toContain(`  ± replace endpoint ${endpointName}`);
    },
    MINUTES,
  );
});

describe('a deploy that ended half-way', () => {
  test(
    'tells what it made and what it did not; a plan goes on from there, and so does the summary of the next deploy',
    async () => {
      const settings = { endpointName: 'half' };
      await rig.aws.control('faults', {
        service: 'sagemaker',
        operation: 'CreateEndpoint',
        error: 'InternalFailure',
        times: 20,
      });
      const broken = await step(settings);
      await rig.aws.control('faults', {});
      expect(broken.error).toBeDefined();
      expect(broken.summary).toMatch(/^\| model \|.*\| created \|/m);
      expect(broken.summary).toMatch(/^\| endpoint \|.*\| create failed \|/m);
      expect(broken.summary).toMatch(/^\| alarm \|.*\| create: not done \|/m);
      expect(broken.outputs).toMatchObject({ 'endpoint-name': 'half', 'endpoint-arn': '', changed: 'true' });
      expect(broken.outputs['image-digest']).toMatch(/^sha256:/);

      const found = await unchanging(() => planned(settings));
      expect(found.changes.filter(({ resource }) => /^(?:model|endpoint)/.test(resource))).toMatchObject([
        { resource: 'model weights', action: 'unchanged' },
        { resource: 'model', action: 'unchanged' },
        { resource: 'endpoint configuration', action: 'unchanged' },
        { resource: 'endpoint', action: 'create' },
      ]);
      const next = await step(settings);
      expect(next.error).toBeUndefined();
      expect(next.summary).toMatch(/^\| model \|.*\| unchanged \|/m);
      expect(next.summary).toMatch(/^\| endpoint \|.*\| created \|/m);
    },
    2 * MINUTES,
  );
});

test(
  'a plan fails on what a deploy would fail on',
  async () => {
    const otherRole = await unchanging(() => planned({ executionRoleArn: 'arn:aws:iam::999999999999:role/whisper' }));
    expect(otherRole.error?.message).toContain('a role of account 999999999999');
    const sagemaker = await rig.clients.sagemaker();
    const { EndpointConfigName } = await sagemaker.describeEndpoint({ EndpointName: 'half' });
    await sagemaker.createEndpoint({ EndpointName: 'foreign', EndpointConfigName });
    const foreign = await unchanging(() => planned({ endpointName: 'foreign' }));
    expect(foreign.error?.message).toContain('that this action did not make');
    expect(foreign.outputs).toMatchObject({ 'endpoint-name': 'foreign', changed: 'false', changes: '[]' });
  },
  MINUTES,
);

describe('the quota of instances', () => {
  const endpointName = 'quota';

  test('0 fails before anything is changed, and says how to ask for more', async () => {
    await rig.aws.control('quota', { 'ml.g5.xlarge': 0 });
    for (const mode of ['plan', 'deploy'] as const) {
      const made = await unchanging(() => step({ endpointName, mode, instanceTypes: ['ml.g5.xlarge'] }));
      expect(made.error?.message).toBe(
        'The quota "ml.g5.xlarge for endpoint usage" is 0, and this deploy needs 1. Nothing was changed.',
      );
      const { remedy = '' } = made.error as { remedy?: string };
      const code = /--quota-code (L-\w+) --desired-value 1`/.exec(remedy)?.[1];
      expect(remedy).toContain(`https://console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas/${code}`);
      expect(made.summary).toContain('and this deploy needs 1. Nothing was changed.');
    }
  });

  test('of several types one with room is enough; the others are warned of', async () => {
    const made = await planned({ endpointName, instanceTypes: ['ml.g5.xlarge', 'ml.g6.xlarge'] });
    expect(made.error).toBeUndefined();
    expect(made.lines.filter((line) => line.startsWith('warning'))).toEqual([
      expect.stringContaining('warning: The quota "ml.g5.xlarge for endpoint usage" is 0'),
    ]);
  });

  test('that cannot be reached is told, and stops nobody', async () => {
    process.env['AWS_ENDPOINT_URL_SERVICE_QUOTAS'] = 'http://127.0.0.1:1';
    const clients = createClients('us-east-1');
    const made = await step(
      { endpointName, mode: 'plan', instanceTypes: ['ml.g5.xlarge'] },
      rig.context(undefined, clients),
    );
    delete process.env['AWS_ENDPOINT_URL_SERVICE_QUOTAS'];
    expect(made.error).toBeUndefined();
    expect(made.lines.join('\n')).toMatch(/quota of instances was not checked.*ECONNREFUSED/);
  });

  test('that may not be read is told, and stops nobody', async () => {
    const access_key_id = process.env['AWS_ACCESS_KEY_ID'] ?? '';
    await rig.aws.control('credentials', { access_key_id, state: 'valid', denied: ['servicequotas:*'] });
    const made = await planned({ endpointName, instanceTypes: ['ml.g5.xlarge'] });
    await rig.aws.control('credentials', { access_key_id, state: 'valid' });
    expect(made.error).toBeUndefined();
    expect(made.lines.join('\n')).toMatch(
      /quota of instances was not checked.*Access denied.*Allow servicequotas:ListServiceQuotas/,
    );
  });
});

describe('on a pull request', () => {
  const settings = { endpointName: 'planned', replaceFailed: true, comment: true, githubToken: 'writes' };
  const warnings = ({ lines }: Step) => lines.filter((line) => line.startsWith('warning'));

  test(
    'one comment is written, and later runs write over it, wherever it is among others',
    async () => {
      const made = await planned(settings);
      expect(warnings(made)).toEqual([]);
      expect(github.comments).toHaveLength(1);
      const [first] = github.comments;
      expect(first?.body).toContain('<!-- whisper-sagemaker plan: planned us-east-1');
      expect(first?.body).toContain('| replace | endpoint | <code>planned</code> |');
      expect(first?.body).toContain('[this job](<https://github.com/someone/podcast/actions/runs/42>)');
      expect(first?.body).not.toContain(ACCOUNT);
      const marker = first?.body.split('\n')[0] ?? '';
      // Others came first, more than a page of them, and one has learned the marker.
      const others = Array.from({ length: 120 }, (_, id) => ({ id, login: 'someone', body: `Comment ${id}` }));
      github.comments.unshift({ id: 999, login: 'mallory', body: `${marker}\nAll is well.` }, ...others);

      await planned({ ...settings, idleMinutes: 7 });
      expect(github.comments).toHaveLength(122);
      expect(github.comments.at(-1)?.body).toContain('<code>planned-idle</code>');
      expect(github.comments[0]?.body).toBe(`${marker}\nAll is well.`);
    },
    MINUTES,
  );

  test(
    'another endpoint has a comment of its own',
    async () => {
      await planned({ ...settings, endpointName: 'quota' });
      expect(github.comments).toHaveLength(123);
    },
    MINUTES,
  );

  test(
    'a plan that fails says so in the comment, and nothing of why',
    async () => {
      const made = await planned({ ...settings, endpointName: 'quota', instanceTypes: ['ml.g5.xlarge'] });
      expect(made.error).toBeDefined();
      expect(github.comments).toHaveLength(123);
      expect(github.comments.at(-1)?.body).toContain("**A deploy would fail.**\nThe job's log says why.");
      expect(github.comments.at(-1)?.body).not.toContain('quota "');
    },
    MINUTES,
  );

  test.each([
    ['reads', /pull-requests: write.*from a fork/],
    ['elsewhere', /Not Found.*pull-requests: write/],
    ['unknown', /does not accept the token/],
    [undefined, /github-token is empty/],
  ])(
    'with the token %s it is a warning that says what is missing',
    async (githubToken, warning) => {
      const made = await planned({ ...settings, endpointName: 'other', githubToken });
      expect(made.error).toBeUndefined();
      expect(warnings(made)).toEqual([expect.stringMatching(warning)]);
      expect(github.comments).toHaveLength(123);
    },
    MINUTES,
  );

  test(
    'comment: false asks GitHub nothing',
    async () => {
      const before = github.requests.length;
      await planned({ ...settings, comment: false });
      expect(github.requests.length).toBe(before);
    },
    MINUTES,
  );
});

async function untilInService(EndpointName: string): Promise<void> {
  const sagemaker = await rig.clients.sagemaker();
  for (;;) {
    const { EndpointStatus } = await sagemaker.describeEndpoint({ EndpointName });
    if (EndpointStatus === 'InService') return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
