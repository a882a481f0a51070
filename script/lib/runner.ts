// Starts the bundled action as GitHub's runner does: the inputs with action.yml's defaults as INPUT_*, the files that
// it hands over as GITHUB_OUTPUT and so on, and nothing else of this machine than what a runner has.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

export const root = join(import.meta.dirname, '..', '..');

export interface ActionRun {
  inputs: Record<string, string>;
  /** Added to the step's environment: credentials, AWS_ENDPOINT_URL. */
  environment: Record<string, string>;
  /** The checked-out repository. */
  workspace: string;
  /** The action's own checkout; this one when not given. */
  action?: string;
  /** Called with each line of the log as it is printed. */
  onLine?: (line: string) => void;
  /** Stops the step with SIGINT, as a cancelled run does, or with `kill`. */
  signal?: AbortSignal;
  kill?: 'SIGKILL';
}

export interface ActionResult {
  exitCode: number | null;
  /** What the step's post printed, when the step had saved a state; a runner starts it without one, too. */
  post: string;
  outputs: Record<string, string>;
  /** Markdown of the job summary. */
  summary: string;
  /** Everything that was printed. */
  log: string;
  /** Texts of the `::error::` lines, unescaped. */
  errors: string[];
  seconds: number;
}

export async function runAction(run: ActionRun): Promise<ActionResult> {
  const files = await mkdtemp(join(tmpdir(), 'runner-'));
  try {
    const output = join(files, 'output');
    const summary = join(files, 'summary.md');
    const state = join(files, 'state');
    for (const file of [output, summary, state]) await writeFile(file, '');
    const started = performance.now();
    const environment = {
      ...(await stepEnvironment(run.inputs, run.environment)),
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_WORKSPACE: run.workspace,
      GITHUB_REPOSITORY: 'someone/podcast',
      GITHUB_RUN_ID: '1',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_REF_NAME: 'main',
      GITHUB_STATE: state,
      RUNNER_TEMP: files,
    };
    const { exitCode, log } = await start(run, 'index.js', environment);
    const post = await startPost(run, environment, parseOutputs(await readFile(state, 'utf8')));
    return {
      exitCode,
      post,
      log,
      outputs: parseOutputs(await readFile(output, 'utf8')),
      summary: await readFile(summary, 'utf8'),
      errors: log
        .split('\n')
        .flatMap((line) => /^::error[^:]*::(.*)$/.exec(line)?.[1] ?? [])
        .map(unescapeCommand),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await rm(files, { recursive: true, force: true });
  }
}

/** What a step finds in its environment of the machine itself. */
const inherited = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'DOCKER_HOST'];

/** The machine's part of the environment, the inputs with action.yml's defaults, and `environment` over both. */
export async function stepEnvironment(
  inputs: Record<string, string>,
  environment: Record<string, string>,
): Promise<Record<string, string>> {
  const machine = inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
  return { ...Object.fromEntries(machine), ...(await defaultInputs()), ...asInputs(inputs), ...environment };
}

/** The post gets what the step has saved, and must not fail. */
async function startPost(
  run: ActionRun,
  environment: Record<string, string>,
  state: Record<string, string>,
): Promise<string> {
  const saved = Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]);
  if (saved.length === 0) return '';
  const { exitCode, log } = await start(run, 'post.js', { ...environment, ...Object.fromEntries(saved) });
  if (exitCode !== 0) throw new Error(`The step's post ended with ${exitCode}:\n${log}`);
  return log;
}

type Started = { exitCode: number | null; log: string };

async function start(run: ActionRun, script: string, env: Record<string, string>): Promise<Started> {
  const child = spawn(process.execPath, [join(run.action ?? root, 'dist', script)], {
    cwd: run.workspace,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = () => child.kill(run.kill ?? 'SIGINT');
  run.signal?.addEventListener('abort', stop, { once: true });
  let log = '';
  let unfinished = '';
  const take = (chunk: string) => {
    log += chunk;
    const lines = (unfinished + chunk).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) run.onLine?.(line);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  run.signal?.removeEventListener('abort', stop);
  return { exitCode, log };
}

async function defaultInputs(): Promise<Record<string, string>> {
  const action = parse(await readFile(join(root, 'action.yml'), 'utf8')) as {
    inputs: Record<string, { default?: string }>;
  };
  return asInputs(
    Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, evaluated(input.default ?? '')])),
  );
}

const asInputs = (inputs: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  );

/** The runner's file format: `name=value`, or `name<<DELIMITER`, lines, `DELIMITER`. */
function parseOutputs(file: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const match of file.matchAll(/^([^=\n<]+)<<(.+)\n([\s\S]*?)\n?^\2$|^([^=\n<]+)=(.*)$/gm)) {
    const name = match[1] ?? match[4];
    if (name !== undefined) outputs[name] = match[3] ?? match[5] ?? '';
  }
  return outputs;
}

/** The text of a workflow command as it was before the runner's escapes. */
export const unescapeCommand = (text: string): string =>
  text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');

/** The one expression among the defaults; the runner evaluates it before the action sees it. */
const evaluated = (value: string): string =>
  value.replace(/\$\{\{ github\.token \}\}/, process.env['GITHUB_TOKEN'] ?? '');
