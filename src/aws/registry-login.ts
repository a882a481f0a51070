import { Buffer } from 'node:buffer';
import type { Context } from '../context.js';
import type { EcrRegistry } from './ecr-registry.js';

/** How to log in to a registry of ECR. */
export interface RegistryLogin {
  /** Host, and port where there is one. */
  registry: string;
  username: string;
  password: string;
}

/**
 * A login that is good for 12 hours (ECR GetAuthorizationToken), kept out of the log.
 * @param other undefined: the registry of the credentials' own account in the endpoint's region. The token of a region
 *   is good for every registry there that the credentials may use; naming one gives its address.
 */
export async function registryLogin({ clients, log, signal }: Context, other?: EcrRegistry): Promise<RegistryLogin> {
  const ecr = await clients.ecr(other?.region);
  const { authorizationData } = await ecr.getAuthorizationToken(
    other === undefined ? {} : { registryIds: [other.account] },
    { abortSignal: signal },
  );
  const { authorizationToken = '', proxyEndpoint = '' } = authorizationData?.[0] ?? {};
  const [username, password] = Buffer.from(authorizationToken, 'base64').toString('utf8').split(':', 2);
  if (!username || !password) throw new Error('ECR gave no authorization token.');
  log.mask(authorizationToken);
  log.mask(password);
  return { registry: proxyEndpoint.replace(/^https?:\/\//, ''), username, password };
}
