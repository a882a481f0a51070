import { UserError } from '../errors.js';
import type { Clients } from './clients.js';

/**
 * The account of the caller's credentials, twelve digits, by STS GetCallerIdentity: the first request of every run,
 * which no policy can deny.
 */
export async function callerAccount(clients: Clients, signal: AbortSignal): Promise<string> {
  const sts = await clients.sts();
  const { Account } = await sts.getCallerIdentity({}, { abortSignal: signal });
  return Account ?? '';
}

/** @throws UserError when the credentials are of another account than the one that is allowed. Pure. */
export function requireAccount(account: string, allowed: string | undefined): void {
  if (allowed === undefined || allowed === account) return;
  throw new UserError(
    `These credentials are of the account ${account}; the input \`allowed-account-id\` allows ${allowed} only. Nothing was asked for or changed.`,
    'Take credentials of that account (`role-to-assume`, aws-actions/configure-aws-credentials), or correct `allowed-account-id`.',
  );
}
