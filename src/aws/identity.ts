import type { Context } from '../context.js';

/** Whose credentials these are. */
export interface Identity {
  /** Twelve digits. */
  account: string;
  arn: string;
}

/** The caller, by STS GetCallerIdentity: the first request of every run, which no policy can deny. */
export async function callerIdentity({ clients, signal }: Pick<Context, 'clients' | 'signal'>): Promise<Identity> {
  const sts = await clients.sts();
  const { Account, Arn } = await sts.getCallerIdentity({}, { abortSignal: signal });
  return { account: Account ?? '', arn: Arn ?? '' };
}
