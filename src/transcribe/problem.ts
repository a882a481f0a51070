import { explain } from '../aws/errors.js';
import { Interrupted, UserError } from '../errors.js';

/** An error that ends the work but not the report: what is finished is still published, and then the step fails with it. */
export function problemOf(error: unknown, signal: AbortSignal): UserError {
  if (signal.aborted)
    return new Interrupted(signal, 'Not everything was published.', 'Run the step again: it continues.');
  if (error instanceof UserError) return error;
  const remedy = 'Run the step again: it continues, and what was transcribed is not paid for again.';
  return explain(error) ?? new UserError((error as Error).message, remedy, { cause: error });
}
