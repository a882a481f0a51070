/** What a git command printed, and how it ended. */
export interface GitOutput {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs git in one folder, never through a shell; gives back how it ended, also when that is not well.
 * `environment` is added to git's.
 */
export type Git = (args: readonly string[], environment?: Record<string, string>) => Promise<GitOutput>;

/** Variables of a calling git (a hook) that would point ours elsewhere. */
const MISLEADING = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'GIT_OBJECT_DIRECTORY'];

/**
 * @param folder where to run; it need not belong to the user that runs us (as in a job's container)
 * @param signal no further command is started after it
 */
export function openGit(folder: string, signal: AbortSignal): Git {
  const settings = [
    `safe.directory=${folder}`,
    'core.quotePath=false',
    // A transfer that has stopped ends after a minute; it would hold the job until its time-out.
    'http.lowSpeedLimit=1',
    'http.lowSpeedTime=60',
  ].flatMap((setting) => ['-c', setting]);
  return async (args, environment = {}) => {
    signal.throwIfAborted();
    const { getExecOutput } = await import('@actions/exec');
    const { exitCode, stdout, stderr } = await getExecOutput('git', [...settings, ...args], {
      cwd: folder,
      env: { ...gitEnvironment(process.env), ...environment },
      silent: true,
      ignoreReturnCode: true,
    });
    return { code: exitCode, stdout, stderr };
  };
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
export async function must(git: Git, args: readonly string[], environment?: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await git(args, environment);
  const command = args.find((arg) => /^[a-z]+(?:-[a-z]+)*$/.test(arg));
  if (code !== 0) throw new Error(`git ${command} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout.replace(/\n$/, '');
}
