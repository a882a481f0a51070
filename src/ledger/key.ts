import { createHash } from 'node:crypto';
import type { TranscriptionOptions } from '../settings/transcribe.js';

/** All that a transcript's text depends on. */
export interface Identity {
  /** The audio's identity: its SHA-256 in hex, or an object's address with its version. */
  audio: string;
  options: TranscriptionOptions;
  modelRevision: string;
  /** The version that the container declares, which changes only when its texts change. */
  transcriber: string;
}

/** The name of a job and of its result: the SHA-256, in hex, of the identity's canonical JSON. */
export const jobKey = (identity: Identity): string =>
  createHash('sha256').update(canonicalJson(identity)).digest('hex');

/** JSON without white space whose objects have their keys in the order of UTF-16 code units (as in RFC 8785). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
