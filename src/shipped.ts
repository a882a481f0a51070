import { join } from 'node:path';

/**
 * Path of a file that ships with the action: `container/`, `assets/`.
 * src/, lib/ and dist/ all lie one level below the action's root.
 */
export function shipped(...path: string[]): string {
  return join(import.meta.dirname, '..', ...path);
}
