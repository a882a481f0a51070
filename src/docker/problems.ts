import { UserError } from '../errors.js';

export type Phase = 'start' | 'login' | 'build' | 'push';

const NO_DOCKER =
  "Run this step on a runner with Docker (GitHub's Linux runners have it), or set `image-uri` to an image in ECR: then no Docker is needed.";

const WORDS: Record<Phase, string> = {
  start: 'Docker does not work',
  login: 'Docker could not log in to the registry',
  build: 'The image could not be built',
  push: 'The image could not be pushed',
};

/** By phase and output of the Docker CLI and engine (20.10 to 28); the first match wins. */
const PROBLEMS: readonly { phases: readonly Phase[]; pattern: RegExp; remedy: string }[] = [
  {
    phases: ['start', 'login', 'build', 'push'],
    pattern: /Cannot connect to the Docker daemon|error during connect|permission denied.*docker\.sock|dial unix/i,
    remedy: `No Docker engine answers. ${NO_DOCKER}`,
  },
  {
    phases: ['build', 'push'],
    pattern: /no space left on device|ENOSPC|not enough disk space/i,
    remedy:
      'The disk is full. The image with CUDA needs about 12 GB while it is built (with `base-image: dlc` about 30): remove what the runner does not need in a step before this one (`sudo rm -rf /usr/share/dotnet /usr/local/lib/android`), or take a larger runner.',
  },
  {
    phases: ['login'],
    pattern: /401|403|unauthorized|denied|incorrect username or password/i,
    remedy:
      'The registry refused the token of ecr:GetAuthorizationToken. Check that `aws-region` is the region of the registry, and the policy of an ECR VPC endpoint if there is one.',
  },
  {
    phases: ['build'],
    pattern:
      /pull access denied|(?:resolve source|load) metadata.*(?:403 Forbidden|denied|unauthorized|no basic auth)/i,
    remedy:
      'Check `base-image`. In ECR the role of this step needs ecr:BatchCheckLayerAvailability, ecr:GetDownloadUrlForLayer and ecr:BatchGetImage on its repository (see docs/image.md); another private registry needs a `docker login` in a step before this one.',
  },
  {
    phases: ['build', 'push'],
    pattern: /denied|no basic auth credentials|unauthorized|403 Forbidden/i,
    remedy:
      'Allow ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload and ecr:PutImage on the repository (see docs/rights.md); a repository of another account also needs a policy that allows them (see docs/image.md).',
  },
  {
    phases: ['build'],
    pattern: /manifest unknown|manifest for .* not found|not found: manifest|resolve source metadata.*not found/i,
    remedy: 'Check `base-image`: the registry does not have it.',
  },
  {
    phases: ['build'],
    pattern: /toomanyrequests|rate limit/i,
    remedy:
      'The registry of the base image limits downloads: log in to it in a step before this one, or set `base-image` to a mirror such as public.ecr.aws/docker/library/python:3.12-slim-bookworm.',
  },
  {
    phases: ['build'],
    pattern: /exec format error/i,
    remedy:
      'The image is for linux/amd64: run this step on an x86-64 runner, or run docker/setup-qemu-action before it.',
  },
  {
    phases: ['build', 'push', 'login'],
    pattern: /timeout|timed out|connection refused|connection reset|no such host|EOF|TLS handshake/i,
    remedy: 'A server could not be reached. Run the step again; what was built and pushed is kept.',
  },
];

/** What the user can do about a Docker command that failed. `output`: its last lines. */
export function dockerProblem(phase: Phase, output: string): UserError {
  const found = PROBLEMS.find(({ phases, pattern }) => phases.includes(phase) && pattern.test(output));
  const lastLines = output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-5)
    .join('\n');
  return new UserError(
    `${WORDS[phase]}:\n${lastLines || '(no output)'}`,
    found?.remedy ?? (phase === 'start' ? NO_DOCKER : 'The lines above the error say what went wrong.'),
  );
}

/** @param error what `spawn` threw */
export function noDocker(error: unknown): UserError {
  return new UserError(`There is no Docker here: ${(error as Error).message}.`, NO_DOCKER, { cause: error });
}
