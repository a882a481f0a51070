// Writes the tables of inputs and outputs into the README from action.yml; with --check it only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const readme = join(root, 'README.md');

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

const action = parse(await readFile(join(root, 'action.yml'), 'utf8')) as Action;
const before = await readFile(readme, 'utf8');
const after = between(between(before, 'inputs', inputsTable(action)), 'outputs', outputsTable(action));
if (process.argv.includes('--check')) {
  if (before !== after) {
    console.error('README.md: the tables differ from action.yml. Run: npm run docs');
    process.exit(1);
  }
} else if (before !== after) await writeFile(readme, after);
