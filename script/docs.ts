// Writes what files take from elsewhere: the reusable workflows what they pass on from action.yml, the README its tables of
// inputs and outputs from there, docs/workflows.md those of the workflows, and documents the files that they show
// (`<!-- file: path -->`). With --check it only compares.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Action, filledIn, type Name, SPECS } from './lib/workflow-inputs.ts';

const root = join(import.meta.dirname, '..');

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

interface Workflow {
  on: {
    workflow_call: {
      inputs: Record<string, { description: string; type: string; default?: unknown; required?: boolean }>;
      secrets?: Record<string, { description: string }>;
      outputs: Record<string, { description: string }>;
    };
  };
}

/** The tables of a reusable workflow. */
function workflowTables({ on: { workflow_call: call } }: Workflow): string {
  const inputs = Object.entries(call.inputs).map(([name, input]) => {
    const standard = input.required ? 'required' : (input.default ?? '') === '' ? '' : `\`${input.default}\``;
    return `| \`${name}\` | ${input.type} | ${cell(input.description)} | ${cell(standard)} |`;
  });
  const described = (named: Record<string, { description: string }> = {}) =>
    Object.entries(named).map(([name, { description }]) => `| \`${name}\` | ${cell(description)} |`);
  return [
    ...['| Input | Type | What it is | Default |', '| --- | --- | --- | --- |', ...inputs, ''],
    ...['| Secret | What it is |', '| --- | --- |', ...described(call.secrets), ''],
    ...['| Output | What it is |', '| --- | --- |', ...described(call.outputs)],
  ].join('\n');
}

function between(document: string, marker: string, table: string): string {
  const pattern = new RegExp(`(<!-- ${marker} -->\n)[\\s\\S]*?(<!-- /${marker} -->)`);
  if (!pattern.test(document)) throw new Error(`There is no <!-- ${marker} --> block.`);
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
const workflows = new Map<Name, Workflow>();
for (const name of Object.keys(SPECS) as Name[]) {
  const path = `.github/workflows/${name}.yml`;
  const text = await put(path, (workflow) => filledIn(workflow, action, name));
  workflows.set(name, parse(text) as Workflow);
}
await put('README.md', (page) =>
  between(between(page, 'inputs', inputsTable(action)), 'outputs', outputsTable(action)),
);
await put('docs/workflows.md', (page) =>
  [...workflows].reduce((text, [name, workflow]) => between(text, `workflow: ${name}`, workflowTables(workflow)), page),
);
const pages = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'));
for (const page of ['README.md', ...pages.map((name) => `docs/${name}`)]) await put(page, withFiles);

/** Writes a file anew, or, with --check, says that it would differ. Returns its text as it should be. */
async function put(path: string, make: (text: string) => string | Promise<string>): Promise<string> {
  const before = await readFile(join(root, path), 'utf8');
  const after = await make(before);
  if (before !== after && process.argv.includes('--check')) {
    console.error(`${path} differs from the files that it is made from. Run: npm run docs`);
    process.exitCode = 1;
  } else if (before !== after) await writeFile(join(root, path), after);
  return after;
}
