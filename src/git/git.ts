import { type ExecFileException, execFile } from 'node:child_process';
import { dirname, resolve, sep } from 'node:path';
import { UserError } from '../errors.js';

/** What a git command printed, and how it ended. */
export interface GitOutput {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs git in one folder, never through a shell; gives back how it ended, also when that is not well.
 * `environment` is added to git's; `input` is what git reads on its standard input.
 */
export type Git = (args: readonly string[], environment?: Record<string, string>, input?: string) => Promise<GitOutput>;

/** Variables of a calling git (a hook) that would point ours elsewhere. */
const MISLEADING = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'GIT_OBJECT_DIRECTORY'];
/** The names of a hundred thousand files are some megabytes. */
const LONGEST_OUTPUT = 256 * 1024 * 1024;

/**
 * @param folder where to run; it need not belong to the user that runs us (as in a job's container)
 * @param signal ends what runs, and no further command is started after it
 */
export function openGit(folder: string, signal: AbortSignal): Git {
  const settings = [
    ...trusted(folder, process.env['GITHUB_WORKSPACE']).map((path) => `safe.directory=${path}`),
    'core.quotePath=false',
    // A transfer that has stopped ends after a minute; it would hold the job until its time-out.
    'http.lowSpeedLimit=1',
    'http.lowSpeedTime=60',
  ].flatMap((setting) => ['-c', setting]);
  return async (args, environment = {}, input = '') => {
    signal.throwIfAborted();
    return new Promise<GitOutput>((resolve, reject) => {
      // @actions/exec cannot stop a child.
      const child = execFile(
        'git',
        [...settings, ...args],
        {
          cwd: folder,
          env: { ...gitEnvironment(process.env), ...environment },
          maxBuffer: LONGEST_OUTPUT,
          encoding: 'utf8',
          signal,
        },
        (error, stdout, stderr) => {
          if (signal.aborted) reject(signal.reason);
          else if (error === null) resolve({ code: 0, stdout, stderr });
          else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
          else reject(notRun(error));
        },
      );
      // A git that ends without reading breaks the pipe; its exit status says what was wrong.
      child.stdin?.on('error', () => undefined).end(input);
    });
  };
}

/**
 * Where the repository of a folder may be: in the folder, or above it within the job's workspace. Never further up:
 * somebody else's repository there is what git guards against.
 */
function trusted(folder: string, workspace: string | undefined): string[] {
  const paths = [folder];
  const root = workspace && resolve(workspace);
  for (let path = resolve(folder); root && path.startsWith(root + sep); ) {
    path = dirname(path);
    paths.push(path);
  }
  return paths;
}

function notRun(error: ExecFileException): Error {
  if (error.code !== 'ENOENT') return error;
  return new UserError(
    'git was not found on this machine, or the folder of the repository is gone.',
    'Install git on the runner, or use publish: artifact.',
    { cause: error },
  );
}

/** Nobody is there to answer a prompt or to close an editor, and messages are read in English. */
function gitEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !MISLEADING.includes(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    GIT_TERMINAL_PROMPT: '0',
    GCM_INTERACTIVE: 'never',
    GIT_EDITOR: 'true',
    LC_ALL: 'C',
  };
}

/**
 * As `git`, for a command that has to succeed; gives what it printed, without the last line's end.
 * @throws Error with what git said
 */
export async function must(git: Git, ...command: Parameters<Git>): Promise<string> {
  const { code, stdout, stderr } = await git(...command);
  const name = command[0].find((arg) => /^[a-z]+(?:-[a-z]+)*$/.test(arg));
  if (code !== 0) throw new Error(`git ${name} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout.replace(/\n$/, '');
}
