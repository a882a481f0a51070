/** Whether an AWS error carries one of these names. By name: the SDK has classes for few of them. */
export function isNamed(error: unknown, ...names: string[]): error is Error {
  return error instanceof Error && names.includes(error.name);
}

/** What AWS calls credentials whose time is over. */
export const EXPIRED = ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired'] as const;

/** Whether AWS takes these credentials no longer. The SDK has asked for new ones by then, where it can. */
export const isExpired = (error: unknown): boolean => isNamed(error, ...EXPIRED);

/** HTTP status of the answer that an SDK error stands for, if there was one. */
export function statusOf(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata;
  return metadata?.httpStatusCode;
}

/** `undefined` for an answer that says the thing is absent; every other error goes on. */
export async function unlessAbsent<T>(request: Promise<T>, ...names: string[]): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isNamed(error, ...names)) return undefined;
    throw error;
  }
}
