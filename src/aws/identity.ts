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
