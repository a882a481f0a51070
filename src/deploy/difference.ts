import type { FieldChange } from './changes.js';
import { canonicalJson } from './content-hash.js';
import { withoutSecrets } from './secret-like.js';

/**
 * Where what was found is not what is wanted, by dotted field names. Only fields that are wanted are looked at: AWS
 * answers with more (ARNs, times, defaults) than it was given.
 */
export function differences(wanted: unknown, found: unknown, path = ''): FieldChange[] {
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length === found.length) {
    return wanted.flatMap((item, index) => differences(item, found[index], `${path}[${index}]`));
  }
  if (isRecord(wanted) && isRecord(found)) {
    return Object.entries(wanted)
      .filter(([, value]) => value !== undefined)
      .flatMap(([key, value]) => differences(value, found[key], path === '' ? key : `${path}.${key}`));
  }
  if (!Array.isArray(wanted) && !isRecord(wanted) && wanted === found) return [];
  return [{ field: path, old: shown(path, found), new: shown(path, wanted) }];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function shown(path: string, value: unknown): string {
  const open = withoutSecrets(path, value);
  return open === undefined ? '' : typeof open === 'string' ? open : canonicalJson(open);
}
