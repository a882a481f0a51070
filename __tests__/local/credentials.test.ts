import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { LoggedRequest } from '../../script/lib/local-aws.ts';
import { createClients } from '../../src/aws/clients.js';
import { assumedRole } from '../../src/aws/credentials.js';
import { callerAccount } from '../../src/aws/identity.js';
import { type DeployRig, startDeployRig } from '../helpers/deploy-on-local-aws.ts';
import { ISSUER, REQUEST_TOKEN, startTokenService, type TokenService } from '../helpers/token-service.ts';

const MINUTES = 60_000;
const PROVIDER = 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com';
const ROLE = 'arn:aws:iam::123456789012:role/deployer';
const SUBJECT = 'repo:someone@7/podcast@42:ref:refs/heads/main';

let rig: DeployRig;
let tokens: TokenService;
const environment = { ...process.env };

beforeAll(async () => {
  rig = await startDeployRig();
  tokens = await startTokenService(SUBJECT);
  await rig.aws.control('issuer', { url: ISSUER, keys: { keys: [tokens.publicKey] } });
  await iam({ Action: 'CreateOpenIDConnectProvider', Url: ISSUER, 'ClientIDList.member.1': 'sts.amazonaws.com' });
  await iam({ Action: 'CreateRole', RoleName: 'deployer', AssumeRolePolicyDocument: JSON.stringify(trust) });
  // Nothing else may help: the step has the token and no keys.
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) delete process.env[name];
  Object.assign(process.env, {
    ACTIONS_ID_TOKEN_REQUEST_URL: tokens.url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
    GITHUB_RUN_ID: '4711',
  });
}, 10 * MINUTES);
// What the runner reads: masks, and with them the secrets.
let printed: jest.SpiedFunction<typeof process.stdout.write>;
beforeEach(() => {
  printed = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(async () => {
  jest.restoreAllMocks();
  tokens.subjectOf = () => SUBJECT;
  await rig.aws.control('sessions', { seconds: null });
});
afterAll(async () => {
  process.env = environment;
  await tokens?.stop();
  await rig?.stop();
}, 2 * MINUTES);

const trust = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: PROVIDER },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: {
          'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
          'token.actions.githubusercontent.com:sub': SUBJECT,
        },
      },
    },
  ],
};

const { signal } = new AbortController();
const role = (roleArn = ROLE) => createClients('us-east-1', assumedRole({ roleArn, region: 'us-east-1', signal }));
const assumptions = (requests: LoggedRequest[]) =>
  requests.filter(({ operation }) => operation === 'AssumeRoleWithWebIdentity').length;

test('a step with no keys takes the role with its own token, once for all clients, and nothing of it is readable in the log', async () => {
  const clients = role();
  const requests = await rig.requestsOf(async () => {
    const [account, { Arn }] = await Promise.all([
      callerAccount(clients, signal),
      (await clients.sts()).getCallerIdentity({}),
      (await clients.s3()).listBuckets({}),
    ]);
    expect(account).toBe('123456789012');
    // Which run it was, CloudTrail shows.
    expect(Arn).toBe('arn:aws:sts::123456789012:assumed-role/deployer/whisper-sagemaker-4711');
  });
  expect(assumptions(requests)).toBe(1);
  expect(tokens.asked.at(-1)).toEqual({ audience: 'sts.amazonaws.com', authorization: `Bearer ${REQUEST_TOKEN}` });
  const lines = printed.mock.calls.map(([line]) => String(line));
  const masked = lines.flatMap((line) => /^::add-mask::(.+)/.exec(line)?.[1] ?? []);
  expect(masked).toHaveLength(4);
  expect(masked[0]).toBe(tokens.given.at(-1));
  const told = lines.filter((line) => !line.startsWith('::add-mask::')).join('\n');
  for (const secret of [...masked, REQUEST_TOKEN]) expect(told).not.toContain(secret);
});

test(
  'a deploy that outlives its session goes on with a new one, got with a new token before the old one ends',
  async () => {
    // The SDK asks for new credentials five minutes before the old ones end: with these it asks each time.
    await rig.aws.control('sessions', { seconds: 100 });
    const clients = role();
    const { accessKeyId } = await (await clients.sts()).config.credentials();
    const requests = await rig.requestsOf(async () => {
      const deployed = rig.deploy({ endpointName: 'long' }, undefined, clients);
      await seen(deployed, 'CreateEndpoint');
      // Whatever client still had the first keys would fail from here on.
      await rig.aws.control('credentials', { access_key_id: accessKeyId, state: 'expired' });
      await rig.aws.control('sessions', { seconds: null });
      expect((await deployed).changes.length).toBeGreaterThan(5);
    });
    expect(assumptions(requests)).toBeGreaterThan(1);
    expect(new Set(tokens.given).size).toBe(tokens.given.length);
    // Once the sessions are long, one is enough for all that is left to do.
    const scaling = requests.findIndex(({ operation }) => operation === 'RegisterScalableTarget');
    expect(assumptions(requests.slice(scaling + 1))).toBe(0);
  },
  MINUTES,
);

/** Waits for a request of a run, or for the run's end. */
async function seen(run: Promise<unknown>, wanted: string): Promise<void> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  run.then(end, end);
  while (!ended && !(await rig.aws.requests()).some(({ operation }) => operation === wanted)) await pause(20);
}

test('while no new session is to be had, the old one is used until its end, and not every request asks for a new one', async () => {
  await rig.aws.control('sessions', { seconds: 20 });
  const clients = role();
  await callerAccount(clients, signal);
  tokens.subjectOf = () => 'repo:someone/else:ref:refs/heads/main';
  const before = tokens.asked.length;
  const requests = await rig.requestsOf(async () => {
    for (let i = 0; i < 5; i++) expect(await callerAccount(clients, signal)).toBe('123456789012');
  });
  expect(assumptions(requests)).toBe(1);
  expect(tokens.asked.length - before).toBe(1);
});

test.each([
  ['IDPCommunicationError', 2],
  ['Throttling', 2],
])('%s passes: the same token is shown again', async (error, times) => {
  await rig.aws.control('faults', { service: 'sts', operation: 'AssumeRoleWithWebIdentity', error, times });
  const before = tokens.asked.length;
  expect(await callerAccount(role(), signal)).toBe('123456789012');
  expect(tokens.asked.length - before).toBe(1);
});

test.each(['ExpiredTokenException', 'IDPRejectedClaim'])(
  '%s is told as a matter of the token, and is not asked for again',
  async (error) => {
    await rig.aws.control('faults', { service: 'sts', operation: 'AssumeRoleWithWebIdentity', error, times: 2 });
    const requests = await rig.requestsOf(() =>
      expect(callerAccount(role(), signal)).rejects.toMatchObject({
        message: expect.stringContaining(`\`${SUBJECT}\``),
        remedy: expect.stringContaining('Run the step again'),
      }),
    );
    await rig.aws.control('faults', {});
    expect(requests.map(({ operation }) => operation)).toEqual(['AssumeRoleWithWebIdentity']);
  },
);

test('a job that the role does not trust is told which subject its token has', async () => {
  tokens.subjectOf = () => 'repo:someone/podcast:pull_request';
  await expect(callerAccount(role(), signal)).rejects.toMatchObject({
    message: expect.stringContaining(`The role ${ROLE} (input \`role-to-assume\`) does not trust this job`),
    remedy: expect.stringContaining('`repo:someone/podcast:pull_request`'),
  });
  tokens.subjectOf = () => SUBJECT;
  await expect(callerAccount(role(`${ROLE}s`), signal)).rejects.toMatchObject({
    message: expect.stringContaining('or does not exist'),
  });
});

test('an account without the provider is told how to make it', async () => {
  await iam({ Action: 'DeleteOpenIDConnectProvider', OpenIDConnectProviderArn: PROVIDER });
  await expect(callerAccount(role(), signal)).rejects.toMatchObject({
    message: expect.stringContaining('No OpenIDConnect provider found in your account'),
    remedy: expect.stringContaining('token.actions.githubusercontent.com'),
  });
});

test('a job without id-token: write is told so, and nothing is sent', async () => {
  delete process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
  const requests = await rig.requestsOf(() =>
    expect(callerAccount(role(), signal)).rejects.toMatchObject({
      remedy: expect.stringContaining('`permissions: id-token: write`'),
    }),
  );
  expect(requests).toEqual([]);
});

/** A request to IAM, for which the action has no client. */
async function iam(parameters: Record<string, string>): Promise<void> {
  const scope = 'Credential=AKIAOFTHETEST/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0';
  const response = await fetch(rig.aws.environment['AWS_ENDPOINT_URL'] ?? '', {
    method: 'POST',
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
    headers: { authorization: `AWS4-HMAC-SHA256 ${scope}` },
  });
  if (!response.ok) throw new Error(`IAM ${parameters['Action']}: ${await response.text()}`);
}
