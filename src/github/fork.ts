import { readFile } from 'node:fs/promises';

/** Where the SDK finds credentials without asking the machine: SDK for JavaScript, "Setting credentials in Node.js". */
const CREDENTIALS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  // What `role-to-assume` needs.
  'ACTIONS_ID_TOKEN_REQUEST_URL',
];

/** Events that GitHub gives no secrets when they come from a fork. `pull_request_target` is not among them. */
const FROM_FORKS = ['pull_request', 'pull_request_review', 'pull_request_review_comment'];
/** And when Dependabot causes them ("Troubleshooting Dependabot on GitHub Actions"). */
const BY_DEPENDABOT = [...FROM_FORKS, 'push', 'create', 'deployment', 'deployment_status'];
const DEPENDABOT = 'dependabot[bot]';

/** What a pull request of a fork has to wait for, by the mode of the step. */
const AFTER_THE_MERGE = {
  transcribe: 'The audio is transcribed once it is merged.',
  plan: 'To see the plan before the merge, push the branch to this repository.',
  deploy: 'It is deployed once it is merged.',
};

/**
 * Why a run cannot have credentials and does nothing, for a notice: GitHub gives a pull request of a fork and
 * Dependabot's events no secrets and no OpenID Connect token. Undefined: it goes on.
 * Loads no library: it is asked before the first request of a run.
 */
export async function withoutCredentials(
  environment: NodeJS.ProcessEnv,
  mode: keyof typeof AFTER_THE_MERGE,
): Promise<string | undefined> {
  if (CREDENTIALS.some((name) => environment[name])) return undefined;
  const { GITHUB_EVENT_NAME: event = '', GITHUB_ACTOR: actor } = environment;
  const nothing = 'so there is nothing to do here, and that is no failure.';
  if (FROM_FORKS.includes(event) && (await isOfFork(environment))) {
    return `This pull request comes from a fork. GitHub gives such a run no secrets and no token for AWS, ${nothing} ${AFTER_THE_MERGE[mode]}`;
  }
  // It stays the actor when somebody else runs the job again, and the restrictions stay with it.
  if (BY_DEPENDABOT.includes(event) && actor === DEPENDABOT) {
    return `Dependabot caused this run. GitHub gives it no secrets of Actions and no token for AWS, ${nothing}`;
  }
  return undefined;
}

interface Payload {
  pull_request?: { head?: { repo?: { full_name?: string } | null }; base?: { repo?: { full_name?: string } } };
}

/** Whether the workflow runs for a pull request whose branch is in another repository. */
export async function isOfFork({ GITHUB_EVENT_NAME, GITHUB_EVENT_PATH }: NodeJS.ProcessEnv): Promise<boolean> {
  // Other events have no pull request, and a push's payload can be long.
  if (!GITHUB_EVENT_NAME?.startsWith('pull_request') || !GITHUB_EVENT_PATH) return false;
  const { pull_request: found } = await readFile(GITHUB_EVENT_PATH, 'utf8').then(
    (text) => JSON.parse(text) as Payload,
    (): Payload => ({}),
  );
  const base = found?.base?.repo?.full_name;
  // A fork that was deleted has no name any more.
  return base !== undefined && found?.head?.repo?.full_name !== base;
}
