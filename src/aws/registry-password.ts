import { Buffer } from 'node:buffer';
import type { Context } from '../context.js';

/** Password of user `AWS` at the account's ECR registry, good for 12 hours; kept out of the log. */
export async function registryPassword({ clients, log, signal }: Context): Promise<string> {
  const ecr = await clients.ecr();
  const { authorizationData } = await ecr.getAuthorizationToken({}, { abortSignal: signal });
  const token = authorizationData?.[0]?.authorizationToken ?? '';
  const password = Buffer.from(token, 'base64').toString('utf8').replace(/^AWS:/, '');
  if (password === '') throw new Error('ECR gave no authorization token.');
  log.mask(token);
  log.mask(password);
  return password;
}
