import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../script/lib/local-aws.ts';
import { root } from '../../script/lib/runner.ts';
import { type FinishedRun, runWorkflow } from './act.ts';
import { actionFolders } from './act-actions.ts';
import { grantsOf } from './act-permissions.ts';
import { NUMBER, REPOSITORY, type Services, startServices } from './act-services.ts';
import type { GitRemote } from './git-remote.ts';
import { changedFiles } from './github-changes.ts';

/** A GitHub with its runner: what happens to the repository, and the workflow that runs for it. */
export interface ActRig extends Pick<Services, 'aws' | 'remote' | 'github' | 'podcasts' | 'variables'> {
  /** A person pushes these files to main. */
  push(workflow: string, files: Files): Promise<Run>;
  /** Somebody pushes them to the branch of the pull request, which is another repository's where `fork` is set. */
  pullRequest(workflow: string, files: Files, fork?: boolean): Promise<Run>;
  /** No push is the cause; it runs on main. */
  start(workflow: string, event: 'schedule' | 'workflow_dispatch'): Promise<Run>;
  /** A file on main; undefined: it is not there. */
  show(path: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

type Files = Record<string, string | Buffer>;

export interface Run extends FinishedRun {
  /** What a job finds of the artifact service; it is there until the next run. */
  artifacts: Record<string, string>;
}

interface Event {
  name: string;
  payload: object;
  /** The commit that is checked out, and what GITHUB_REF is. */
  commit: string;
  ref: string;
  /** End of the subject of tokens for jobs without an environment. */
  subject: string;
  fork?: boolean;
}

const MAIN = { ref: 'refs/heads/main', subject: 'ref:refs/heads/main' };
const PROGRAM = 'source script/lib/go.sh && go_tool github.com/nektos/act@v0.2.89';

export async function startActRig(): Promise<ActRig> {
  const program = (await run('bash', ['-c', PROGRAM])).trim();
  const services = await startServices();
  const { aws, remote, github } = services;
  const actions = await actionFolders(services.folder, aws.environment['WHISPER_INSTANT_IMAGE'] ?? '');
  // A test that ran out of time leaves its run behind.
  const end = new AbortController();
  const start = runner(program, actions, services, end.signal);
  const commitOf = async (revision: string) => (await remote.git(remote.bare, 'rev-parse', revision)).trim();
  return {
    ...services,
    stop: () => {
      end.abort();
      return services.stop();
    },
    show: (path) => remote.git(remote.bare, 'show', `main:${path}`).catch(() => undefined),
    async push(workflow, files) {
      const before = await commitOf('main');
      await remote.somebodyPushes('main', files);
      const after = await commitOf('main');
      const payload = { ref: MAIN.ref, before, after, deleted: false };
      return start(workflow, { name: 'push', payload, commit: after, ...MAIN });
    },
    start: async (workflow, name) =>
      start(workflow, { name, payload: { ref: MAIN.ref }, commit: await commitOf('main'), ...MAIN }),
    async pullRequest(workflow, files, fork = false) {
      const { base, head, merged } = await proposed(remote, fork ? 'theirs' : 'idea', files);
      const ref = `refs/pull/${NUMBER}/merge`;
      await remote.git(remote.bare, 'update-ref', ref, merged);
      github.changed.ofPullRequest = await changedFiles((...args) => remote.git(remote.bare, ...args), base, head);
      const payload = pullRequestEvent(base, head, fork ? 'stranger/podcast' : REPOSITORY);
      return start(workflow, { name: 'pull_request', payload, commit: merged, ref, subject: 'pull_request', fork });
    },
  };
}

/** Runs a workflow of the repository as GitHub and its runner do: with the rights that it asks for, and no others. */
function runner(program: string, actions: Record<string, string>, services: Services, signal: AbortSignal) {
  const { remote, folder, token, variables } = services;
  let runs = 0;
  return async (workflow: string, event: Event): Promise<Run> => {
    const checkout = await remote.clone('--no-checkout');
    await remote.git(checkout, 'fetch', '--quiet', 'origin', event.commit);
    await remote.git(checkout, 'checkout', '--quiet', '--detach', event.commit);
    const file = join('.github', 'workflows', workflow);
    const caller = await readFile(join(checkout, file), 'utf8');
    const [called] = /(?<=uses: org\/whisper-sagemaker\/)\.github\/workflows\/[\w-]+\.yml(?=@)/.exec(caller) ?? [];
    const inner = called === undefined ? undefined : await readFile(join(root, called), 'utf8');
    const grants = grantsOf(caller, inner, event.fork === true);
    services.grant(grants, event.subject);
    const owner = { name: 'someone', login: 'someone' };
    const repository = { full_name: REPOSITORY, name: 'podcast', owner, default_branch: 'main' };
    const artifacts = await services.openArtifacts();
    const environment = {
      ...services.environment,
      ...artifacts,
      ...(grants.identifies ? services.identity : {}),
      GITHUB_REF: event.ref,
      GITHUB_RUN_ID: String(++runs),
    };
    const told = { name: event.name, payload: { repository, ...event.payload } };
    const finished = await runWorkflow(program, folder, {
      checkout,
      workflow: file,
      event: told,
      environment,
      variables,
      token,
      actions,
      signal,
    });
    return { ...finished, artifacts };
  };
}

const pullRequestEvent = (base: string, head: string, from: string) => ({
  number: NUMBER,
  pull_request: {
    number: NUMBER,
    head: { sha: head, ref: 'idea', repo: { full_name: from } },
    base: { sha: base, ref: 'main', repo: { full_name: REPOSITORY } },
  },
});

/** Pushes to a branch, which begins at main, and merges it with main for the checkout, as GitHub does. */
async function proposed({ bare, git, somebodyPushes }: GitRemote, branch: string, files: Files) {
  const answer = async (...args: string[]) => (await git(bare, ...args)).trim();
  if ((await answer('for-each-ref', `refs/heads/${branch}`)) === '') {
    await git(bare, 'update-ref', `refs/heads/${branch}`, 'main');
  }
  await somebodyPushes(branch, files);
  const [base, head] = [await answer('rev-parse', 'main'), await answer('rev-parse', branch)];
  const tree = await answer('merge-tree', '--write-tree', base, head);
  const github = ['-c', 'user.name=GitHub', '-c', 'user.email=noreply@github.com', '-c', 'commit.gpgSign=false'];
  const parents = ['-p', base, '-p', head];
  const merged = await answer(...github, 'commit-tree', ...parents, '-m', `Merge ${head} into ${base}`, tree);
  return { base, head, merged };
}
