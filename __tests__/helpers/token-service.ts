import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export const ISSUER = 'https://token.actions.githubusercontent.com';
/** What the runner shows for a job's token. */
export const REQUEST_TOKEN = 'of-the-runner';

/** GitHub's token service. */
export interface TokenService {
  /** ACTIONS_ID_TOKEN_REQUEST_URL; whoever runs several jobs adds `&job=NAME`. */
  url: string;
  /** A JSON web key. */
  publicKey: object;
  /** Subject of the tokens of a job from now on; undefined: it may not have one. */
  subjectOf: (job: string | null) => string | undefined;
  asked: { audience: string | null; authorization: string | undefined }[];
  given: string[];
  stop(): Promise<void>;
}

export async function startTokenService(subject: string): Promise<TokenService> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const answer = ({ url = '', headers: { authorization } }: IncomingMessage): { status: number; body: object } => {
    const query = new URL(url, 'http://service').searchParams;
    const audience = query.get('audience');
    service.asked.push({ audience, authorization });
    if (authorization !== `Bearer ${REQUEST_TOKEN}`) return { status: 401, body: { message: 'Unauthorized' } };
    const sub = service.subjectOf(query.get('job'));
    if (sub === undefined) return { status: 403, body: { message: 'The job has no permission id-token: write' } };
    const value = tokenOf({ sub, aud: audience, jti: String(service.given.length) }, privateKey);
    service.given.push(value);
    return { status: 200, body: { value } };
  };
  const server = createServer((request, response) => {
    const { status, body } = answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const service: TokenService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token?api-version=2`,
    publicKey: { ...publicKey.export({ format: 'jwk' }), kid: 'github', alg: 'RS256', use: 'sig' },
    subjectOf: () => subject,
    asked: [],
    given: [],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return service;
}

/** A signed token (RFC 7515, 7519) that lives for five minutes, as GitHub's do. */
function tokenOf(claims: Record<string, unknown>, key: KeyObject): string {
  const exp = Math.floor(Date.now() / 1000) + 300;
  const parts = [
    { alg: 'RS256', typ: 'JWT', kid: 'github' },
    { iss: ISSUER, exp, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return `${parts.join('.')}.${sign('sha256', Buffer.from(parts.join('.')), key).toString('base64url')}`;
}
