import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../script/lib/local-aws.ts';
import { startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import { writeFiles } from './workspace.ts';

/** A bare repository behind a real git server, and clones of it by people and runs. */
export interface GitRemote {
  folder: string;
  /** The remote as clients see it, and as its owner does. */
  url: string;
  bare: string;
  git(cwd: string, ...args: string[]): Promise<string>;
  /** A clone with nothing but what git's arguments say. */
  clone(...args: string[]): Promise<string>;
  /** Begins a history of its own on main, and removes all other branches and hooks. */
  seed(files: Record<string, string>): Promise<void>;
  /** Somebody changes files in a clone of their own and pushes to the branch. */
  somebodyPushes(branch: string, files: Record<string, string | Buffer>): Promise<void>;
  stop(): Promise<void>;
}

const PERSON = ['-c', 'user.name=A podcaster', '-c', 'user.email=podcaster@example.com', '-c', 'commit.gpgSign=false'];

export async function startGitRemote(): Promise<GitRemote> {
  const folder = await mkdtemp(join(tmpdir(), 'git-'));
  const home = join(folder, 'home');
  // Settings that a runner's user may have, and that a commit of ours must not depend on.
  await writeFiles(home, { '.gitconfig': '[init]\n\tdefaultBranch = main\n[commit]\n\tgpgSign = true\n' });
  Object.assign(process.env, { HOME: home, XDG_CONFIG_HOME: home });
  const server = await startLocalPart(await virtualEnvironment(), 'gitserver', ['--dir', join(folder, 'remote')]);
  const url = server.lines[0] ?? '';
  const bare = join(folder, 'remote', 'remote.git');
  let clones = 0;
  await run('git', ['-C', bare, 'config', 'uploadpack.allowFilter', 'true']);
  const git = (cwd: string, ...args: string[]) => run('git', ['-C', cwd, ...args]);
  const clone = async (...args: string[]) => {
    const path = join(folder, `clone-${clones++}`);
    await run('git', ['clone', '--quiet', ...args, url, path]);
    return path;
  };
  const commitAll = async (repository: string) => {
    await git(repository, 'add', '--all');
    await git(repository, ...PERSON, 'commit', '--quiet', '-m', 'By a person');
  };
  return {
    folder,
    url,
    bare,
    git,
    clone,
    async seed(files) {
      await rm(join(bare, 'hooks'), { recursive: true, force: true });
      const branches = (await git(bare, 'for-each-ref', '--format=%(refname)', 'refs/heads')).split('\n');
      for (const branch of branches.filter(Boolean)) await git(bare, 'update-ref', '-d', branch);
      const seed = join(folder, `clone-${clones++}`);
      await run('git', ['init', '--quiet', seed]);
      await git(seed, 'remote', 'add', 'origin', url);
      await writeFiles(seed, { 'README.md': `A podcast ${clones}\n`, ...files });
      await commitAll(seed);
      await git(seed, 'push', '--quiet', '--force', 'origin', 'HEAD:main');
    },
    async somebodyPushes(branch, files) {
      const theirs = await clone(`--branch=${branch}`);
      await writeFiles(theirs, files);
      await commitAll(theirs);
      await git(theirs, 'push', '--quiet', 'origin', branch);
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
