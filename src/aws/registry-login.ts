import { Buffer } from 'node:buffer';
import type { Context } from '../context.js';

/** How to log in to the account's ECR registry. */
export interface RegistryLogin {
  /** Host, and port where there is one. */
  registry: string;
  username: string;
  password: string;
}

/** A login that is good for 12 hours (ECR GetAuthorizationToken), kept out of the log. */
export async function registryLogin({ clients, log, signal }: Context): Promise<RegistryLogin> {
  const ecr = await clients.ecr();
  const { authorizationData } = await ecr.getAuthorizationToken({}, { abortSignal: signal });
  const { authorizationToken = '', proxyEndpoint = '' } = authorizationData?.[0] ?? {};
  const [username, password] = Buffer.from(authorizationToken, 'base64').toString('utf8').split(':', 2);
  if (!username || !password) throw new Error('ECR gave no authorization token.');
  log.mask(authorizationToken);
  log.mask(password);
  return { registry: proxyEndpoint.replace(/^https?:\/\//, ''), username, password };
}
