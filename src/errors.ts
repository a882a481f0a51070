/** An error that the user can act on: what was found, and what to do. Printed without a stack. */
export class UserError extends Error {
  /** What to do, as one or more sentences. */
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UserError';
    this.remedy = remedy;
  }
}
