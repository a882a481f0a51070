const HIDDEN = 'ACCOUNT';

/**
 * Text without account ids: those in ARNs and registries, and the own one wherever it is. A job's outputs with a masked
 * value never reach the next job, and nothing masks a comment. Pure.
 */
export const withoutAccounts = (text: string, account: string): string =>
  text.replaceAll(account, HIDDEN).replace(/(?<=:)\d{12}(?=:)|\b\d{12}(?=\.dkr\.ecr)/g, HIDDEN);
