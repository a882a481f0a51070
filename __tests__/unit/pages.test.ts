import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'CONTRIBUTING.md', ...names.map((name) => `docs/${name}`)];

/** Code blocks of a page in one of the languages. */
const blocks = (page: string, ...languages: string[]): string[] =>
  Array.from(read(page).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm))
    .filter(([, language = '']) => languages.includes(language))
    .map(([, , text = '']) => text);

/** What GitHub makes of the headings of a page. */
const anchors = (page: string): string[] =>
  Array.from(read(page).matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

test.each(pages)('the links of %s lead somewhere', (page) => {
  const text = read(page).replaceAll(/^```[\s\S]*?^```$/gm, '');
  const links = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link);
  const broken = links
    .filter((link) => !/^\w+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      return !existsSync(join(root, target)) || (anchor !== undefined && !anchors(target).includes(anchor));
    });
  expect(broken).toEqual([]);
});

test('every page of docs/ can be reached from the README', () => {
  expect(names.filter((name) => !read('README.md').includes(`](docs/${name}`)).sort()).toEqual([
    // Reached from docs/local.md.
    'local-sagemaker.md',
    'local-scaling.md',
  ]);
});

interface Step {
  uses?: string;
  with?: Record<string, unknown>;
}

/** Everything in parsed YAML that has a `uses`. */
function usesIn(value: unknown): Step[] {
  if (typeof value !== 'object' || value === null) return [];
  return [...('uses' in value ? [value as Step] : []), ...Object.values(value).flatMap(usesIn)];
}

const inputsOf = (uses: string): string[] | undefined => {
  const [, workflow] = /^org\/whisper-sagemaker(?:\/(\.github\/workflows\/\w+\.yml))?@v\d+$/.exec(uses) ?? [];
  if (workflow !== undefined) {
    const { on } = parse(read(workflow)) as { on: { workflow_call: { inputs: object } } };
    return Object.keys(on.workflow_call.inputs);
  }
  return /^org\/whisper-sagemaker@/.test(uses)
    ? Object.keys((parse(read('action.yml')) as { inputs: object }).inputs)
    : undefined;
};

test.each(pages)('what the YAML of %s gives to the action are its inputs', (page) => {
  const unknown = blocks(page, 'yaml', 'yml')
    .flatMap((block) => usesIn(parse(block)))
    .flatMap(({ uses = '', with: given = {} }) => {
      const inputs = inputsOf(uses);
      return inputs === undefined ? [] : Object.keys(given).filter((name) => !inputs.includes(name));
    });
  expect(unknown).toEqual([]);
});

test('the commands of the first hour set the variables that its workflows read, from the stack of infra/', async () => {
  const template = read('infra/cloudformation.yaml');
  const section = (name: string): string =>
    new RegExp(`^${name}:\n([\\s\\S]*?)^\\S`, 'm').exec(`${template}\nEnd`)?.[1] ?? '';
  const keys = (name: string): string[] => Array.from(section(name).matchAll(/^ {2}(\w+):$/gm), ([, key = '']) => key);
  const folder = await mkdtemp(join(tmpdir(), 'first-hour-'));
  try {
    // The programs that need an account write down what they were asked, and answer as the template and GitHub would.
    const outputs = keys('Outputs').map((key) => `${key}\tarn:${key}`);
    const programs = {
      git: '',
      aws: `case "$2" in describe-stacks) printf '${outputs.join('\\n')}\\n';; esac`,
      gh: 'case "$1" in api) echo 17;; esac',
    };
    for (const [name, answer] of Object.entries(programs)) {
      const file = join(folder, name);
      await writeFile(file, `#!/bin/sh\necho "${name} $*" >> "${folder}/asked"\n${answer}\n`);
      await chmod(file, 0o755);
    }
    const [, ...commands] = blocks('README.md', 'bash').slice(0, 3);
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
    execFileSync('bash', ['-euo', 'pipefail', '-c', commands.join('\n')], { env });

    const asked = (await readFile(join(folder, 'asked'), 'utf8')).split('\n');
    const variables = new Map(
      asked.flatMap((line) => {
        const [, name = '', value = ''] =
          /^gh variable set (\w+) --repo OWNER\/REPOSITORY --body (\S+)$/.exec(line) ?? [];
        return name === '' ? [] : [[name, value] as const];
      }),
    );
    const wanted = Array.from(read('README.md').matchAll(/\$\{\{ vars\.(\w+) \}\}/g), ([, name = '']) => name);
    expect([...variables.keys()].sort()).toEqual([...new Set(wanted)].sort());
    expect(variables.get('WHISPER_TRANSCRIBE_ROLE')).toBe('arn:TranscribeRoleArn');

    const deploy = asked.find((line) => line.startsWith('aws cloudformation deploy')) ?? '';
    const parameters = Array.from(deploy.matchAll(/ (\w+)=(\S+)/g), ([, name = '', value]) => [name, value] as const);
    expect(Object.fromEntries(parameters)).toEqual({
      ...{ GitHubOwner: 'OWNER', GitHubOwnerId: '17' },
      ...{ GitHubRepository: 'REPOSITORY', GitHubRepositoryId: '17' },
    });
    expect(keys('Parameters')).toEqual(expect.arrayContaining(parameters.map(([name]) => name)));
  } finally {
    await rm(folder, { recursive: true });
  }
});
