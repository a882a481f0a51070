import { explain } from '../aws/errors.js';
import { Interrupted, UserError } from '../errors.js';
import { cell } from './markdown.js';

/** What is told of an error. */
export interface Told {
  message: string;
  /** Empty for an error that nobody foresaw. */
  remedy: string;
  cause: unknown;
}

/** @param signal once it has fired, every pending request fails in its own words; the interrupt is what happened */
export function toldOf(error: unknown, signal: AbortSignal): Told {
  const cause: unknown = signal.aborted && !(error instanceof Interrupted) ? signal.reason : error;
  const known = cause instanceof UserError ? cause : explain(cause);
  if (known) return { message: known.message, remedy: known.remedy, cause };
  return { message: cause instanceof Error ? cause.message : String(cause), remedy: '', cause };
}

/** Characters of one line; the annotation has them all. */
const LONGEST = 2_000;

/** An error as a part of a job summary. Pure. */
export const failureBlock = ({ message, remedy }: Pick<Told, 'message' | 'remedy'>): string[] => [
  '> [!CAUTION]',
  ...`${message}\n${remedy}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `> ${cell(line, LONGEST)}<br>`),
  '',
];
