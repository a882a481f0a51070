// script/test [part ...]: runs the project's checks part by part and counts them all in the last line.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const reports = mkdtempSync(join(tmpdir(), 'whisper-test-'));
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));

interface Counts {
  passed: number;
  failed: number;
  /** Why each skipped test was skipped. */
  skipped: string[];
}

interface Step {
  name: string;
  command: string[];
  /** What the command reports its tests in; a check counts as one test. */
  kind: 'check' | 'jest' | 'pytest';
}

const check = (name: string, ...command: string[]): Step => ({ name, command, kind: 'check' });
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const node = (...args: string[]): string[] => [process.execPath, ...args];
const pytest = (part: string): Step => ({
  name: part,
  command: [join(root, 'script', 'test.d', part)],
  kind: 'pytest',
});
/** @param shard one of several steps that share the suites, as `1/2` */
const jest = (folder: string, shard = '1/1'): Step => ({
  name: `jest ${folder} ${shard}`,
  // In band: the suites of local/ and bundle/ each start an AWS and a Docker engine, and the machine is small.
  command: node(
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--runInBand',
    `--shard=${shard}`,
    `__tests__/${folder}/`,
  ),
  kind: 'jest',
});

const parts: Record<string, Step[]> = {
  lint: [
    check('types', bin('tsc'), '--noEmit'),
    // What runs in a browser has other globals.
    check('types of the page', bin('tsc'), '-p', 'assets/page'),
    check('types of its tests', bin('tsc'), '-p', '__tests__/browser'),
    check('biome', bin('biome'), 'check', '--error-on-warnings', '.'),
    check('python and shell', join(root, 'script', 'test.d', 'lint')),
    check('workflows', join(root, 'script', 'test.d', 'workflows')),
    check('documents', ...node('script/docs.ts', '--check')),
  ],
  dist: [check('dist/ is what src/ builds, and starts', ...node('script/check-dist.ts'))],
  unit: [jest('unit')],
  browser: [{ name: 'browser', command: [join(root, 'script', 'test.d', 'browser')], kind: 'jest' }],
  media: [{ name: 'media', command: [join(root, 'script', 'test.d', 'media')], kind: 'jest' }],
  infra: [pytest('infra')],
  stories: [jest('local', '1/2'), jest('local', '2/2')],
  local: [pytest('local')],
  container: [pytest('container')],
  bundle: [jest('bundle')],
  act: [{ name: 'act', command: [join(root, 'script', 'test.d', 'act')], kind: 'jest' }],
  demo: [check('script/demo', join(root, 'script', 'demo'))],
};

const named = process.argv.slice(2);
if (named.includes('--list')) {
  console.log(Object.keys(parts).join('\n'));
  process.exit(0);
}
const unknown = named.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`No part is called ${unknown.join(', ')}. There are: ${Object.keys(parts).join(', ')}.`);
  process.exit(2);
}

/** Steps that run side by side: most of them wait more than they compute, for servers, containers and clocks. */
const LANES = 2;

const total: Counts = { passed: 0, failed: 0, skipped: [] };
const failures: string[] = [];
const waiting = (named.length > 0 ? named : Object.keys(parts)).flatMap((part) =>
  (parts[part] ?? []).map((step) => ({ title: `${part}: ${step.name}`, step })),
);
await Promise.all(Array.from({ length: LANES }, lane));

/** Takes one step after the other. The output of a step comes in one piece, once it has ended. */
async function lane(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { title, step } = next;
    console.log(`== ${title} begins`);
    const started = performance.now();
    const { counts, output } = await run(step);
    process.stdout.write(`\n== ${title}\n${output}`);
    console.log(
      `== ${title}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped, ${((performance.now() - started) / 1000).toFixed(0)} s\n`,
    );
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped.push(...counts.skipped);
    if (counts.failed > 0) failures.push(title);
  }
}

for (const reason of total.skipped) console.log(`skipped: ${reason}`);
for (const name of failures) console.log(`failed: ${name}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

async function run(step: Step): Promise<{ counts: Counts; output: string }> {
  const report = join(reports, `${step.name.replaceAll(/\W+/g, '-')}.${step.kind === 'jest' ? 'json' : 'xml'}`);
  const [program = '', ...args] = step.command;
  const environment = { ...process.env, NO_COLOR: '1' };
  if (step.kind === 'jest') args.push('--json', `--outputFile=${report}`);
  if (step.kind === 'pytest') Object.assign(environment, { PYTEST_ADDOPTS: `--junitxml=${report}` });
  let output = '';
  const exitCode = await new Promise<number | null>((resolve) => {
    // jest prints its JSON to standard output as well as into the file; its readable report is on standard error.
    const stdout = step.kind === 'jest' ? 'ignore' : 'pipe';
    const child = spawn(program, args, { cwd: root, env: environment, stdio: ['ignore', stdout, 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      output += `${error}\n`;
      resolve(1);
    });
    child.on('close', resolve);
  });
  return { counts: countsOf(step, report, exitCode), output };
}

function countsOf(step: Step, report: string, exitCode: number | null): Counts {
  if (step.kind === 'check') return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: [] };
  const counts = readReport(step, report);
  // A runner that fails without a failed test (a crash, no tests at all) has failed all the same.
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function readReport(step: Step, file: string): Counts {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { passed: 0, failed: 1, skipped: [] };
  }
  return step.kind === 'jest' ? jestCounts(text) : junitCounts(text);
}

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: { assertionResults: { status: string; fullName: string }[] }[];
}

function jestCounts(text: string): Counts {
  const report = JSON.parse(text) as JestReport;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.testResults.flatMap((suite) =>
      suite.assertionResults.filter((test) => test.status === 'pending').map((test) => test.fullName),
    ),
  };
}

function junitCounts(text: string): Counts {
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`, 'g'))].reduce(
      (all, match) => all + Number(match[1]),
      0,
    );
  const failed = sum('failures') + sum('errors');
  const skipped = [...text.matchAll(/<skipped [^>]*\bmessage="([^"]*)"/g)].map((match) => match[1] ?? '');
  return { passed: sum('tests') - failed - sum('skipped'), failed, skipped };
}
