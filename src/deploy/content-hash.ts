import { createHash } from 'node:crypto';

/** Hex digits of a content hash in a name: 48 bits, and the names of one endpoint are few. */
export const HASH_LENGTH = 12;

/** The first `length` hex digits of the SHA-256 of a value's canonical JSON: keys sorted, `undefined` left out. */
export function contentHash(value: unknown, length = HASH_LENGTH): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, length);
}

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(
          Object.entries(item)
            .filter(([, field]) => field !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : item,
  );
}
