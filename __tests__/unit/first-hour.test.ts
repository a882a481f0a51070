import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const hour = /^## The first hour\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
const commands = Array.from(hour.matchAll(/^```bash\n([\s\S]*?)^```$/gm), ([, block = '']) => block);

const template = parse(readFileSync(join(root, 'infra/cloudformation.yaml'), 'utf8'), { logLevel: 'error' }) as {
  Parameters: object;
  Outputs: object;
};

let folder: string;
/** What the programs were asked, a line each. */
let asked: string[];

/** Runs the README's commands. What needs an account writes down what it is asked, and answers as the template would. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'first-hour-'));
  const checkout = join(folder, 'repository');
  await mkdir(checkout);
  // The clone that the commands make.
  await symlink(root, join(folder, 'whisper-sagemaker'));
  const outputs = Object.keys(template.Outputs).map((key) => `${key}\tarn:${key}`);
  const programs = {
    git: '',
    aws: `case "$2" in describe-stacks) printf '${outputs.join('\\n')}\\n';; esac`,
    gh: 'case "$1" in api) echo 17;; esac',
  };
  for (const [name, answer] of Object.entries(programs)) {
    const program = `#!/bin/sh\necho "${name} $*" >> "${folder}/asked"\n${answer}\n`;
    await writeFile(join(folder, name), program, { mode: 0o755 });
  }
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
  execFileSync('bash', ['-euo', 'pipefail', '-c', commands.join('\n')], { cwd: checkout, env });
  asked = (await readFile(join(folder, 'asked'), 'utf8')).split('\n');
});

afterAll(() => rm(folder, { recursive: true }));

test('the stack gets parameters that it has, and its template is there', () => {
  const deploy = asked.find((line) => line.startsWith('aws cloudformation deploy')) ?? '';
  const parameters = Array.from(deploy.matchAll(/ (\w+)=(\S+)/g), ([, name = '', value]) => [name, value] as const);
  expect(Object.fromEntries(parameters)).toEqual({
    GitHubOwner: 'OWNER',
    GitHubOwnerId: '17',
    GitHubRepository: 'REPOSITORY',
    GitHubRepositoryId: '17',
  });
  // Those of the command, and those that the text names.
  const named = Array.from(hour.matchAll(/`(\w+)=\S+`/g), ([, name = '']) => name);
  expect(named).not.toEqual([]);
  expect(Object.keys(template.Parameters)).toEqual(
    expect.arrayContaining([...named, ...parameters.map(([name]) => name)]),
  );
  const [, file = ''] = /--template-file (\S+)/.exec(deploy) ?? [];
  expect(existsSync(join(folder, 'repository', file))).toBe(true);
});

test('the variables are set that the workflows read, each role to its own', () => {
  const set = asked.flatMap((line) => {
    const [, name = '', value = ''] = /^gh variable set (\w+) --repo OWNER\/REPOSITORY --body (\S+)$/.exec(line) ?? [];
    return name === '' ? [] : [[name, value] as const];
  });
  const wanted = Array.from(hour.matchAll(/\$\{\{ vars\.(\w+) \}\}/g), ([, name = '']) => name);
  expect(Object.fromEntries(set)).toEqual({
    WHISPER_REGION: expect.any(String),
    WHISPER_PLAN_ROLE: 'arn:PlanRoleArn',
    WHISPER_DEPLOY_ROLE: 'arn:DeployRoleArn',
    WHISPER_TRANSCRIBE_ROLE: 'arn:TranscribeRoleArn',
    WHISPER_EXECUTION_ROLE: 'arn:ExecutionRoleArn',
  });
  expect([...new Set(wanted)].sort()).toEqual(set.map(([name]) => name).sort());
});

test('the recording that is pushed is one that the workflow transcribes', () => {
  expect(existsSync(join(folder, 'repository/audio/ask-not.mp3'))).toBe(true);
  expect(hour).toContain('paths: ["audio/**"]');
  expect(hour).toContain('`transcripts/audio/ask-not.txt`');
});
