import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, run, startLocalAws } from '../../script/lib/local-aws.ts';
import { startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import { root } from '../../script/lib/runner.ts';
import { type FinishedRun, runWorkflow } from './act.ts';
import { actionFolders } from './act-actions.ts';
import { startInternet } from './act-internet.ts';
import { grantsOf } from './act-permissions.ts';
import { startGitHttp } from './git-http.ts';
import { type GitRemote, startGitRemote } from './git-remote.ts';
import type { Token } from './github-answers.ts';
import { type GitHubApi, startGitHubApi } from './github-api.ts';
import { changedFiles } from './github-changes.ts';
import { type PodcastHost, startPodcastHost } from './podcast-host.ts';
import { createRolesStack } from './roles-stack.ts';
import { ISSUER, REQUEST_TOKEN, startTokenService } from './token-service.ts';

export const REPOSITORY = 'someone/podcast';
/** The number of the only pull request. */
const NUMBER = 7;
const JOB_TOKEN = 'ghs_of-the-job';
const PODCASTS = 'podcasts.example.com';
/** What `large-v3-turbo` and `tiny` stand for, and how many bytes of weights each has here. */
const MODELS = ['dropbox-dash/faster-whisper-large-v3-turbo=200000', 'Systran/faster-whisper-tiny=100000'];
const ACT = 'github.com/nektos/act@v0.2.89';
const SUBJECT = 'repo:someone@1234/podcast@5678';
const ROLES = {
  GitHubOwner: 'someone',
  GitHubOwnerId: '1234',
  GitHubRepository: 'podcast',
  GitHubRepositoryId: '5678',
};
/** The local AWS has a role of the default name already. */
const NAMES = { ExecutionRoleName: 'podcast-execution' };

/** GitHub with one repository, its runner, an AWS account with the roles of infra/, and what they need of the internet. */
export interface ActRig {
  aws: LocalAws;
  remote: GitRemote;
  github: GitHubApi;
  podcasts: PodcastHost;
  /** What a job finds in its environment of the artifact service. */
  artifacts: Record<string, string>;
  /** Variables of the repository; those of the roles are there. */
  variables: Record<string, string>;
  /** Runs the workflow that a person's push of these files to main starts. */
  push(workflow: string, files: Files): Promise<FinishedRun>;
  /** The same after a push to the branch of the pull request; of a fork when said so. */
  pullRequest(workflow: string, files: Files, fork?: boolean): Promise<FinishedRun>;
  /** The same for what no push is the cause of, on main. */
  start(workflow: string, event: 'schedule' | 'workflow_dispatch'): Promise<FinishedRun>;
  /** A file on main; undefined: it is not there. */
  show(path: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

type Files = Record<string, string | Buffer>;

interface Event {
  name: string;
  payload: object;
  /** What GITHUB_REF is, and the end of the tokens' subject. */
  ref: string;
  subject: string;
  fork?: boolean;
}

export async function startActRig(): Promise<ActRig> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const one of stops.reverse()) await one();
  };
  try {
    return await assemble(stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(stops: (() => Promise<unknown>)[], stop: () => Promise<void>): Promise<ActRig> {
  const started = async <T>(what: Promise<T>, end: (it: T) => Promise<unknown>): Promise<T> => {
    const it = await what;
    stops.push(() => end(it));
    return it;
  };
  const ended = (it: { stop(): unknown }) => Promise.resolve(it.stop());
  const folder = await started(mkdtemp(join(tmpdir(), 'act-')), (path) => rm(path, { recursive: true, force: true }));
  const act = (await run('bash', ['-c', `source script/lib/go.sh && go_tool ${ACT}`])).trim();
  const python = await virtualEnvironment();
  const aws = await started(startLocalAws(), ended);
  const remote = await started(startGitRemote(), ended);
  const grants = { pushes: false };
  const git = await started(
    startGitHttp(remote.bare, JOB_TOKEN, () => grants.pushes),
    async (it) => it.stop(),
  );
  const tokens: Record<string, Token> = {};
  const github = await started(startGitHubApi(`/repos/${REPOSITORY}/issues/${NUMBER}`, tokens, remote.bare), ended);
  const identity = await started(startTokenService(SUBJECT), ended);
  const podcasts = await started(startPodcastHost(`http://${PODCASTS}`), ended);
  const hub = await started(
    startLocalPart(
      python,
      'hub',
      MODELS.flatMap((model) => ['--generated', model]),
    ),
    ended,
  );
  const store = await started(startLocalPart(python, 'artifacts', ['--dir', join(folder, 'artifacts')]), ended);
  const web = { [PODCASTS]: Number(new URL(podcasts.url).port) };
  const secure = { 'huggingface.co': Number(new URL(hub.lines[0] ?? '').port) };
  const internet = await started(startInternet(folder, web, secure), ended);
  const actions = await actionFolders(folder, aws.environment['WHISPER_INSTANT_IMAGE'] ?? '');
  await aws.control('issuer', { url: ISSUER, keys: { keys: [identity.publicKey] } });
  const { outputs } = await createRolesStack(aws, 'podcast', { ...ROLES, ...NAMES });
  const variables: Record<string, string> = {
    WHISPER_REGION: aws.environment['AWS_REGION'] ?? '',
    WHISPER_PLAN_ROLE: outputs['PlanRoleArn'] ?? '',
    WHISPER_DEPLOY_ROLE: outputs['DeployRoleArn'] ?? '',
    WHISPER_TRANSCRIBE_ROLE: outputs['TranscribeRoleArn'] ?? '',
    WHISPER_EXECUTION_ROLE: outputs['ExecutionRoleArn'] ?? '',
  };
  const artifacts = Object.fromEntries(store.lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  const machine = ['AWS_ENDPOINT_URL', 'AWS_EC2_METADATA_DISABLED', 'DOCKER_HOST'].flatMap((name) =>
    aws.environment[name] === undefined ? [] : [[name, aws.environment[name]]],
  );
  let runs = 0;

  /** Runs a workflow of the repository at a commit, as GitHub and its runner do. */
  async function start(workflow: string, commit: string, event: Event): Promise<FinishedRun> {
    const checkout = await remote.clone('--no-checkout');
    await remote.git(checkout, 'fetch', '--quiet', 'origin', commit);
    await remote.git(checkout, 'checkout', '--quiet', '--detach', commit);
    const file = join('.github', 'workflows', workflow);
    const caller = await readFile(join(checkout, file), 'utf8');
    const called = /uses: org\/whisper-sagemaker\/(\.github\/workflows\/[\w-]+\.yml)@/.exec(caller)?.[1];
    const inner = called === undefined ? undefined : await readFile(join(root, called), 'utf8');
    const granted = grantsOf(caller, inner, event.fork === true);
    grants.pushes = granted.pushes;
    tokens[JOB_TOKEN] = granted.token;
    identity.subjectOf = (job) => {
      if (job === null || !granted.mayIdentify(job)) return undefined;
      const environment = granted.environmentOf(job);
      return `${SUBJECT}:${environment === undefined ? event.subject : `environment:${environment}`}`;
    };
    const owner = { name: 'someone', login: 'someone' };
    const repository = { full_name: REPOSITORY, name: 'podcast', owner, default_branch: 'main' };
    return runWorkflow(act, folder, {
      checkout,
      workflow: file,
      event: { name: event.name, payload: { repository, ...event.payload } },
      token: JOB_TOKEN,
      variables,
      actions,
      environment: {
        ...Object.fromEntries(machine),
        ...artifacts,
        ...internet.environment,
        ...(event.fork ? {} : identityOf(identity.url)),
        // The clients of artifacts work with no Enterprise Server, and know github.com and development servers by name.
        GITHUB_SERVER_URL: git.server.replace('127.0.0.1', 'github.localhost'),
        LIBRARIES: join(root, 'node_modules'),
        GITHUB_API_URL: github.url,
        GITHUB_GRAPHQL_URL: `${github.url}/graphql`,
        GITHUB_REPOSITORY: REPOSITORY,
        GITHUB_REPOSITORY_OWNER: 'someone',
        GITHUB_REF: event.ref,
        GITHUB_RUN_ID: String(++runs),
      },
    });
  }

  const commitOf = async (ref: string) => (await remote.git(remote.bare, 'rev-parse', ref)).trim();
  const onMain = { ref: 'refs/heads/main', subject: 'ref:refs/heads/main' };
  return {
    aws,
    remote,
    github,
    podcasts,
    artifacts,
    variables,
    stop,
    show: (path) => remote.git(remote.bare, 'show', `main:${path}`).catch(() => undefined),
    async push(workflow, files) {
      const before = await commitOf('main');
      await remote.somebodyPushes('main', files);
      const after = await commitOf('main');
      const payload = { ref: onMain.ref, before, after, deleted: false };
      return start(workflow, after, { name: 'push', payload, ...onMain });
    },
    start: async (workflow, name) =>
      start(workflow, await commitOf('main'), { name, payload: { ref: onMain.ref }, ...onMain }),
    async pullRequest(workflow, files, fork = false) {
      const merge = `refs/pull/${NUMBER}/merge`;
      const { base, head, merged } = await proposed(remote, fork ? 'theirs' : 'idea', files);
      await remote.git(remote.bare, 'update-ref', merge, merged);
      github.changed.ofPullRequest = await changedFiles((...args) => remote.git(remote.bare, ...args), base, head);
      const repo = { full_name: fork ? 'stranger/podcast' : REPOSITORY };
      const payload = {
        number: NUMBER,
        pull_request: {
          number: NUMBER,
          head: { sha: head, ref: 'idea', repo },
          base: { sha: base, ref: 'main', repo: { full_name: REPOSITORY } },
        },
      };
      const event = { name: 'pull_request', payload, ref: merge, subject: 'pull_request', fork };
      return start(workflow, merged, event);
    },
  };
}

/** act puts the job's name into what it hands to each step. */
const identityOf = (url: string) => ({
  ACTIONS_ID_TOKEN_REQUEST_URL: `${url}&job=\${{ github.job }}`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
});

/** Pushes to a branch, which begins at main, and merges it with main without a push, as GitHub does. */
async function proposed(remote: GitRemote, branch: string, files: Files) {
  const { bare, git } = remote;
  const commit = async (...args: string[]) => (await git(bare, ...args)).trim();
  if ((await commit('for-each-ref', `refs/heads/${branch}`)) === '') {
    await git(bare, 'update-ref', `refs/heads/${branch}`, 'main');
  }
  await remote.somebodyPushes(branch, files);
  const [base, head] = [await commit('rev-parse', 'main'), await commit('rev-parse', branch)];
  const tree = (await commit('merge-tree', '--write-tree', base, head)).split('\n')[0] ?? '';
  const person = ['-c', 'user.name=GitHub', '-c', 'user.email=noreply@github.com', '-c', 'commit.gpgSign=false'];
  const merged = await commit(
    ...person,
    'commit-tree',
    '-p',
    base,
    '-p',
    head,
    '-m',
    `Merge ${head} into ${base}`,
    tree,
  );
  return { base, head, merged };
}
