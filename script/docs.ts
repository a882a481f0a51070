// Writes what the documents take from elsewhere: the README's tables of inputs and outputs from action.yml, and the files
// that a document shows (`<!-- file: path -->`). With --check it only compares.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');

interface Action {
  inputs: Record<string, { description: string; default?: string; required?: boolean }>;
  outputs: Record<string, { description: string }>;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function inputsTable({ inputs }: Action): string {
  const rows = Object.entries(inputs).map(([name, input]) => {
    const standard = input.required ? 'required' : input.default ? `\`${input.default}\`` : '';
    return `| \`${name}\` | ${cell(input.description)} | ${cell(standard)} |`;
  });
  return ['| Input | What it is | Default |', '| --- | --- | --- |', ...rows].join('\n');
}

function outputsTable({ outputs }: Action): string {
  const rows = Object.entries(outputs).map(([name, output]) => `| \`${name}\` | ${cell(output.description)} |`);
  return ['| Output | What it is |', '| --- | --- |', ...rows].join('\n');
}

function between(document: string, marker: string, table: string): string {
  const pattern = new RegExp(`(<!-- ${marker} -->\n)[\\s\\S]*?(<!-- /${marker} -->)`);
  if (!pattern.test(document)) throw new Error(`README.md has no <!-- ${marker} --> block.`);
  return document.replace(pattern, (_, open: string, close: string) => `${open}${table}\n${close}`);
}

/** The files that a document shows, in code blocks between `<!-- file: path -->` and `<!-- /file -->`. */
async function withFiles(document: string): Promise<string> {
  const pattern = /(<!-- file: (\S+\.(\w+)) -->\n)[\s\S]*?(<!-- \/file -->)/g;
  const shown = await Promise.all(
    [...document.matchAll(pattern)].map(async ([, , path = '']) => readFile(join(root, path), 'utf8')),
  );
  return document.replace(
    pattern,
    (_, open: string, _path, type: string, close: string) => `${open}\`\`\`${type}\n${shown.shift()}\`\`\`\n${close}`,
  );
}

const action = parse(await readFile(join(root, 'action.yml'), 'utf8')) as Action;
const pages = (await readdir(join(root, 'docs')))
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
for (const page of ['README.md', ...pages]) {
  const before = await readFile(join(root, page), 'utf8');
  const tables =
    page === 'README.md'
      ? between(between(before, 'inputs', inputsTable(action)), 'outputs', outputsTable(action))
      : before;
  const after = await withFiles(tables);
  if (before === after) continue;
  if (process.argv.includes('--check')) {
    console.error(`${page} differs from the files that it is made from. Run: npm run docs`);
    process.exitCode = 1;
  } else await writeFile(join(root, page), after);
}
