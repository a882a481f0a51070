import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, startLocalAws } from '../../script/lib/local-aws.ts';
import { type LocalPart, startLocalPart, virtualEnvironment } from '../../script/lib/local-part.ts';
import { root } from '../../script/lib/runner.ts';
import { startInternet } from './act-internet.ts';
import type { Grants } from './act-permissions.ts';
import { startGitHttp } from './git-http.ts';
import { type GitRemote, startGitRemote } from './git-remote.ts';
import type { Token } from './github-answers.ts';
import { type GitHubApi, startGitHubApi } from './github-api.ts';
import { type PodcastHost, startPodcastHost } from './podcast-host.ts';
import { createRolesStack } from './roles-stack.ts';
import { ISSUER, REQUEST_TOKEN, startTokenService } from './token-service.ts';

export const REPOSITORY = 'someone/podcast';
/** The number of the only pull request. */
export const NUMBER = 7;
const JOB_TOKEN = 'ghs_of-the-job';
const PODCASTS = 'podcasts.example.com';
/** What `large-v3-turbo` and `tiny` stand for, and how many bytes of weights each has here. */
const MODELS = ['dropbox-dash/faster-whisper-large-v3-turbo=200000', 'Systran/faster-whisper-tiny=100000'];
/** Begin of the subject of all tokens. */
const SUBJECT = 'repo:someone@1234/podcast@5678';
const PARAMETERS = {
  GitHubOwner: 'someone',
  GitHubOwnerId: '1234',
  GitHubRepository: 'podcast',
  GitHubRepositoryId: '5678',
  // The local AWS has a role of the default name already.
  ExecutionRoleName: 'podcast-execution',
};

/** GitHub with one repository, an AWS account with the roles of infra/, and the hosts of the internet that they need. */
export interface Services {
  /** For files; it is removed in the end. */
  folder: string;
  aws: LocalAws;
  remote: GitRemote;
  github: GitHubApi;
  podcasts: PodcastHost;
  /** An empty artifact service, as each run has one, in place of the run's before; what a job finds of it. */
  openArtifacts(): Promise<Record<string, string>>;
  /** What a job finds of the token service. */
  identity: Record<string, string>;
  /** What else a step finds in its environment. */
  environment: Record<string, string>;
  /** Variables of the repository (`vars`) with the roles. */
  variables: Record<string, string>;
  /** GITHUB_TOKEN. */
  token: string;
  /**
   * From now on the jobs have these rights.
   * @param subject end of the subject of tokens for jobs without an environment
   */
  grant(grants: Grants, subject: string): void;
  stop(): Promise<void>;
}

/** Starts one thing after the other; `stop` ends what was started, the last first. */
function opener() {
  const ends: (() => unknown)[] = [];
  return {
    async open<T extends { stop(): unknown }>(starting: Promise<T>): Promise<T> {
      const it = await starting;
      ends.push(() => it.stop());
      return it;
    },
    async stop() {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}

type Open = ReturnType<typeof opener>['open'];

export async function startServices(): Promise<Services> {
  const { open, stop } = opener();
  try {
    const { folder } = await open(temporaryFolder());
    const aws = await open(startLocalAws());
    const github = await startGitHub(open);
    const internet = await startHosts(open, folder);
    await aws.control('issuer', { url: ISSUER, keys: github.keys });
    const machine = ['AWS_ENDPOINT_URL', 'AWS_EC2_METADATA_DISABLED', 'DOCKER_HOST'].flatMap((name) =>
      aws.environment[name] === undefined ? [] : [[name, aws.environment[name]]],
    );
    const environment = { ...Object.fromEntries(machine), ...github.environment, ...internet.environment };
    const variables = await repositoryVariables(aws);
    const openArtifacts = artifactServices(open, folder);
    const { podcasts } = internet;
    return { ...github, folder, aws, podcasts, openArtifacts, environment, variables, token: JOB_TOKEN, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'act-'));
  return { folder, stop: () => rm(folder, { recursive: true, force: true }) };
}

async function startGitHub(open: Open) {
  const rights = { pushes: false };
  const tokens: Record<string, Token> = {};
  const remote = await open(startGitRemote());
  const git = await open(startGitHttp(remote.bare, JOB_TOKEN, () => rights.pushes));
  const github = await open(startGitHubApi(`/repos/${REPOSITORY}/issues/${NUMBER}`, tokens, remote.bare));
  const service = await open(startTokenService(SUBJECT));
  return {
    remote,
    github,
    keys: { keys: [service.publicKey] },
    identity: {
      // act puts the job's name into what it hands to each step.
      ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}&job=\${{ github.job }}`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
    },
    environment: {
      // The client of artifacts works with no Enterprise Server, and knows development servers by this name.
      GITHUB_SERVER_URL: git.server.replace('127.0.0.1', 'github.localhost'),
      GITHUB_API_URL: github.url,
      GITHUB_GRAPHQL_URL: `${github.url}/graphql`,
      GITHUB_REPOSITORY: REPOSITORY,
      GITHUB_REPOSITORY_OWNER: 'someone',
      // For the actions of __tests__/act/actions/.
      LIBRARIES: join(root, 'node_modules'),
    },
    grant: ({ token, pushes, mayIdentify, environmentOf }: Grants, subject: string) => {
      rights.pushes = pushes;
      tokens[JOB_TOKEN] = token;
      service.subjectOf = (job) => {
        if (job === null || !mayIdentify(job)) return undefined;
        const environment = environmentOf(job);
        return `${SUBJECT}:${environment === undefined ? subject : `environment:${environment}`}`;
      };
    },
  };
}

function artifactServices(open: Open, folder: string): Services['openArtifacts'] {
  let last: LocalPart | undefined;
  return async () => {
    await last?.stop();
    const store = await mkdtemp(join(folder, 'artifacts-'));
    last = await open(startLocalPart(await virtualEnvironment(), 'artifacts', ['--dir', store]));
    return Object.fromEntries(last.lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  };
}

/** The hub of models and a host of podcasts, under names of the internet. */
async function startHosts(open: Open, folder: string) {
  const podcasts = await open(startPodcastHost(`http://${PODCASTS}`));
  const models = MODELS.flatMap((model) => ['--generated', model]);
  const hub = await open(startLocalPart(await virtualEnvironment(), 'hub', models));
  const portOf = (url = '') => Number(new URL(url).port);
  const web = { [PODCASTS]: portOf(podcasts.url) };
  const { environment } = await open(startInternet(folder, web, { 'huggingface.co': portOf(hub.lines[0]) }));
  return { podcasts, environment };
}

async function repositoryVariables(aws: LocalAws): Promise<Record<string, string>> {
  const { outputs } = await createRolesStack(aws, 'podcast', PARAMETERS);
  return {
    WHISPER_REGION: aws.environment['AWS_REGION'] ?? '',
    WHISPER_PLAN_ROLE: outputs['PlanRoleArn'] ?? '',
    WHISPER_DEPLOY_ROLE: outputs['DeployRoleArn'] ?? '',
    WHISPER_TRANSCRIBE_ROLE: outputs['TranscribeRoleArn'] ?? '',
    WHISPER_EXECUTION_ROLE: outputs['ExecutionRoleArn'] ?? '',
  };
}
