import { Buffer } from 'node:buffer';
import { UserError } from '../errors.js';
import { isNamed } from './error-name.js';

/** Credentials of a session, in the SDK's words. */
export interface SessionCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}

/** Gives credentials that are good for a while yet. The clients of all services share one. */
export type CredentialsProvider = () => Promise<SessionCredentials>;

export interface WantedRole {
  roleArn: string;
  region: string;
  signal: AbortSignal;
}

/** Milliseconds before the end of a session from which on the SDK, too, asks for a new one (`isIdentityExpired`). */
const MARGIN = 5 * 60_000;
/** Milliseconds to the next try after a renewal that failed while the session that is held is still good. */
const PAUSE = 30_000;
/** Seconds. The longest session that every role allows (IAM, MaxSessionDuration: 3600 at least). */
const DURATION = 3600;
/** What the token is for, as the OpenID Connect provider of infra/ wants it. */
const AUDIENCE = 'sts.amazonaws.com';

/**
 * Credentials of a role that this job assumes with its own OpenID Connect token. They are renewed before they end, each
 * time with a new token: GitHub's live for minutes only.
 * Source: STS API reference, AssumeRoleWithWebIdentity; docs.github.com, "OpenID Connect in Amazon Web Services".
 */
export function assumedRole(wanted: WantedRole): CredentialsProvider {
  let held: SessionCredentials | undefined;
  let pending: Promise<SessionCredentials> | undefined;
  let pausedUntil = 0;
  const left = () => (held?.expiration.getTime() ?? 0) - Date.now();
  const renew = async (): Promise<SessionCredentials> => {
    try {
      held = await assume(wanted);
    } catch (error) {
      // GitHub or STS may be away for a moment; what is held is good until its end.
      if (held === undefined || left() <= 0) throw error;
      // From here on the SDK asks twice a request: what was refused would be asked for hundreds of times.
      pausedUntil = Date.now() + PAUSE;
    }
    return held;
  };
  return () => {
    if (held !== undefined && (left() > MARGIN || (left() > 0 && Date.now() < pausedUntil))) {
      return Promise.resolve(held);
    }
    pending ??= renew().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

async function assume({ roleArn, region, signal }: WantedRole): Promise<SessionCredentials> {
  requireTokenService(process.env);
  const [core, { STS }] = await Promise.all([import('@actions/core'), import('@aws-sdk/client-sts')]);
  const WebIdentityToken = await core.getIDToken(AUDIENCE).catch((error: Error) => {
    throw new UserError(
      `GitHub gave no OpenID Connect token for \`role-to-assume\`: ${error.message}`,
      'Run the step again; see githubstatus.com when it goes on.',
      { cause: error },
    );
  });
  // The request is not signed: the token stands for the caller.
  const sts = new STS({ region, maxAttempts: 5, customUserAgent: 'whisper-sagemaker' });
  const request = { RoleArn: roleArn, RoleSessionName: sessionName(process.env), DurationSeconds: DURATION };
  const { Credentials } = await sts
    .assumeRoleWithWebIdentity({ ...request, WebIdentityToken }, { abortSignal: signal })
    .catch((error: unknown) => {
      throw refusal(error, roleArn, WebIdentityToken) ?? error;
    });
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration = new Date() } = Credentials ?? {};
  for (const secret of [AccessKeyId, SecretAccessKey, SessionToken]) core.setSecret(secret);
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}

/** The runner gives these two to jobs that may ask for a token, and to no other. */
function requireTokenService(environment: NodeJS.ProcessEnv): void {
  if (environment['ACTIONS_ID_TOKEN_REQUEST_URL'] && environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']) return;
  throw new UserError(
    'The input `role-to-assume` is set, but this job may not ask for an OpenID Connect token.',
    'Add `permissions: id-token: write` to the job; a reusable workflow needs it in the job that calls it, too. Pull requests from forks never get it.',
  );
}

/** Shown by CloudTrail: it leads from a request to the run that sent it. */
const sessionName = (environment: NodeJS.ProcessEnv): string =>
  `whisper-sagemaker-${(environment['GITHUB_RUN_ID'] ?? 'run').replace(/[^\w+=,.@-]/g, '-')}`.slice(0, 64);

/** What STS's refusal means; undefined: nothing that concerns the role or the token. Texts: STS API reference. */
function refusal(error: unknown, roleArn: string, token: string): UserError | undefined {
  const subject = subjectOf(token);
  if (isNamed(error, 'AccessDenied', 'AccessDeniedException')) {
    return new UserError(
      `The role ${roleArn} (input \`role-to-assume\`) does not trust this job, or does not exist: ${error.message}`,
      `Its trust policy must allow the subject of this job's token, \`${subject}\`, with the audience \`${AUDIENCE}\`. GitHub writes subjects in two forms, \`repo:OWNER/REPOSITORY:…\` and, for newer repositories, \`repo:OWNER@ID/REPOSITORY@ID:…\`: docs/rights.md has both.`,
      { cause: error },
    );
  }
  if (isNamed(error, 'InvalidIdentityToken', 'InvalidIdentityTokenException')) {
    return new UserError(
      `AWS does not accept GitHub's token for the role ${roleArn} (input \`role-to-assume\`): ${error.message}`,
      `The account of the role needs an OpenID Connect provider for token.actions.githubusercontent.com with the audience \`${AUDIENCE}\`: docs/rights.md has the command.`,
      { cause: error },
    );
  }
  if (isNamed(error, 'ExpiredTokenException', 'IDPRejectedClaim', 'IDPRejectedClaimException')) {
    return new UserError(
      `AWS refused GitHub's token for the role ${roleArn} (input \`role-to-assume\`), whose subject is \`${subject}\`: ${error.message}`,
      "Run the step again: each run takes a new token, which is good for minutes. When it goes on, check this machine's clock.",
      { cause: error },
    );
  }
  return undefined;
}

/** Whom a token is about, unverified: for a message only. */
function subjectOf(token: string): string {
  try {
    const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    return String((JSON.parse(claims) as { sub?: unknown }).sub);
  } catch {
    return '(unreadable)';
  }
}
