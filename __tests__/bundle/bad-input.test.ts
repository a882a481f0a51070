import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LocalAws, startLocalAws } from '../../script/lib/local-aws.ts';
import { runAction } from '../../script/lib/runner.ts';

let aws: LocalAws;
let workspace: string;

beforeAll(async () => {
  aws = await startLocalAws();
  workspace = await mkdtemp(join(tmpdir(), 'bad-input-'));
  await writeFile(join(workspace, 'episode.mp3'), 'not really audio');
  await mkdir(join(workspace, 'weights'));
  for (const name of ['model.bin', 'config.json', 'tokenizer.json', 'vocabulary.txt']) {
    await writeFile(join(workspace, 'weights', name), '{}');
  }
  await aws.control('bucket', { name: 'elsewhere', region: 'eu-west-1', account: '123456789012' });
  await aws.control('bucket', { name: 'somebody-elses', region: 'us-east-1', account: '999999999999' });
  await aws.control('credentials', { access_key_id: 'ASIAEXPIRED000000000', state: 'expired' });
}, 600_000);

afterAll(async () => {
  await aws?.stop();
  await rm(workspace, { recursive: true, force: true });
}, 120_000);

interface Case {
  inputs: Record<string, string>;
  environment?: Record<string, string>;
  /** What the one error must say: the input or resource, what was found, and the remedy. */
  says: RegExp[];
  /** All requests that may leave; when not given: any that change nothing. */
  sends?: string[];
}

const deploy = (inputs: Record<string, string> = {}): Record<string, string> => ({
  mode: 'deploy',
  model: './weights',
  'execution-role-arn': aws.environment['WHISPER_EXECUTION_ROLE_ARN'] ?? '',
  'instance-type': 'ml.c7i.xlarge',
  'base-image': aws.environment['WHISPER_BASE_IMAGE'] ?? '',
  ...inputs,
});
const transcribe = (inputs: Record<string, string> = {}): Record<string, string> => ({
  mode: 'transcribe',
  files: '*.mp3',
  publish: 'none',
  ...inputs,
});

const cases: Record<string, () => Case> = {
  'unknown mode': () => ({ inputs: { mode: 'remove' }, says: [/mode is "remove"/, /`deploy`, `transcribe`/] }),
  'no role': () => ({
    inputs: deploy({ 'execution-role-arn': '' }),
    says: [/execution-role-arn is empty/, /must be the ARN of the role/],
  }),
  'role of another account': () => ({
    inputs: deploy({ 'execution-role-arn': 'arn:aws:iam::999999999999:role/whisper' }),
    says: [/execution-role-arn/, /999999999999/, /123456789012/],
  }),
  'no files': () => ({ inputs: transcribe({ files: '' }), says: [/files is empty/, /globs/] }),
  'no files matched': () => ({
    inputs: transcribe({ files: 'audio/*.flac' }),
    says: [/audio\/\*\.flac/, /input files/],
  }),
  'unknown instance type': () => ({
    inputs: deploy({ 'instance-type': 'ml.g5.tiny' }),
    says: [/instance-type is "ml.g5.tiny"/, /ml.g4dn.xlarge/],
  }),
  'endpoint name with an underscore': () => ({
    inputs: deploy({ 'endpoint-name': 'my_endpoint' }),
    says: [/endpoint-name is "my_endpoint"/, /letters, digits and hyphens/],
  }),
  'endpoint name of 51 characters': () => ({
    inputs: deploy({ 'endpoint-name': 'e'.repeat(51) }),
    says: [/endpoint-name is "e{51}"/, /50 characters/],
  }),
  'no such endpoint': () => ({
    inputs: transcribe({ 'endpoint-name': 'nowhere' }),
    says: [/endpoint/i, /nowhere/, /deploy/],
  }),
  'expired credentials': () => ({
    inputs: deploy(),
    environment: { AWS_ACCESS_KEY_ID: 'ASIAEXPIRED000000000' },
    says: [/credentials/i, /expired/i],
  }),
  'another account than the allowed one': () => ({
    inputs: deploy({ 'allowed-account-id': '999999999999' }),
    says: [/of the account 123456789012/, /`allowed-account-id` allows 999999999999 only/],
    sends: ['GetCallerIdentity'],
  }),
  'a role for a job that gets no token': () => ({
    inputs: deploy({ 'role-to-assume': 'arn:aws:iam::123456789012:role/deployer' }),
    says: [/`role-to-assume`/, /`permissions: id-token: write`/],
    sends: [],
  }),
  'bucket in another region': () => ({
    inputs: deploy({ bucket: 'elsewhere' }),
    says: [/elsewhere/, /eu-west-1/, /us-east-1/],
  }),
  'bucket of another owner': () => ({
    inputs: deploy({ bucket: 'somebody-elses' }),
    says: [/somebody-elses/, /bucket/],
  }),
  'no Docker engine': () => ({
    inputs: deploy(),
    environment: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
    says: [/Docker/, /image-uri/],
  }),
  'no Docker at all': () => ({
    inputs: deploy(),
    environment: { PATH: '/nonexistent' },
    says: [/docker/i, /image-uri/],
  }),
};

test.each(Object.keys(cases))(
  '%s: one error that names it and the remedy, and nothing is changed',
  async (name) => expectRefusal((cases[name] as () => Case)()),
  120_000,
);

test('registry password refused: one error that names it and the remedy, and nothing is changed', async () => {
  await aws.control('registry', { password: 'not-the-password' });
  await expectRefusal({ inputs: deploy(), says: [/registry/i, /login|log in/i] });
}, 120_000);

async function expectRefusal({ inputs, environment = {}, says, sends }: Case): Promise<void> {
  const mark = await aws.mark();
  const result = await runAction({ inputs, environment: { ...aws.environment, ...environment }, workspace });
  expect(result.exitCode).toBe(1);
  expect(result.errors).toHaveLength(1);
  for (const part of says) expect(result.errors[0]).toMatch(part);
  expect(result.log).not.toMatch(/^\s+at .*\.js:\d+/m);
  const requests = await aws.requests(mark);
  expect(requests.filter((request) => request.mutating)).toEqual([]);
  if (sends) expect(requests.map((request) => request.operation)).toEqual(sends);
}
