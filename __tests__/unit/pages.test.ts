import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
