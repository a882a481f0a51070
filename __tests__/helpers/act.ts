import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** A workflow that a runner is to run, and for what. */
export interface WorkflowRun {
  /** The repository at the commit that the event is for. */
  checkout: string;
  /** The workflow's file. */
  workflow: string;
  event: { name: string; payload: object };
  /** Of every step. */
  environment: Record<string, string>;
  /** Configuration variables of the repository (`vars`). */
  variables: Record<string, string>;
  /** GITHUB_TOKEN. */
  token: string;
  /** Folders in place of `owner/name@ref`. */
  actions: Record<string, string>;
  /** Ends it. */
  signal: AbortSignal;
}

export interface FinishedRun {
  exitCode: number | null;
  /** `success`, `failure` or `skipped` of each job, by its id in its own file; one that began. */
  jobs: Record<string, string>;
  /** Everything that was printed. */
  log: string;
}

/**
 * Runs a workflow with act, on this machine itself.
 * @param act its program
 * @param folder for its home, its cache and its files
 */
export async function runWorkflow(act: string, folder: string, run: WorkflowRun): Promise<FinishedRun> {
  const home = await mkdtemp(join(folder, 'act-'));
  const payload = join(home, 'event.json');
  const secrets = join(home, 'secrets');
  await writeFile(payload, JSON.stringify(run.event.payload));
  // Not an argument: those are for everybody on the machine to read.
  await writeFile(secrets, `GITHUB_TOKEN=${run.token}\n`, { mode: 0o600 });
  const pairs = (flag: string, values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => `${flag}=${name}=${value}`);
  const args = [
    run.event.name,
    `--workflows=${run.workflow}`,
    `--eventpath=${payload}`,
    `--secret-file=${secrets}`,
    '--platform=ubuntu-latest=-self-hosted',
    // Else act copies the checkout, with what is in it and in no commit.
    '--no-skip-checkout',
    // It would listen on all of the machine's addresses.
    '--no-cache-server',
    '--json',
    ...pairs('--env', { HOME: home, ...run.environment }),
    ...pairs('--var', run.variables),
    ...pairs('--local-repository', run.actions),
  ];
  const child = spawn(act, args, {
    cwd: run.checkout,
    // act takes the first node on the path, whatever an action asks for.
    env: {
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      HOME: home,
      XDG_CACHE_HOME: join(home, 'cache'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: run.signal,
  });
  const jobs: FinishedRun['jobs'] = {};
  let log = '';
  const take = (line: string) => {
    const { msg, jobID, jobResult } = parsed(line);
    log += `${msg.replace(/\n$/, '')}\n`;
    if (jobID !== undefined && jobResult !== undefined) jobs[jobID] = jobResult;
  };
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', take);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, jobs, log };
}

interface Line {
  msg: string;
  jobID?: string;
  jobResult?: string;
}

function parsed(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return { msg: line };
  }
}
