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

/** The run was stopped, and something goes on without it. */
export class Interrupted extends UserError {
  /** @param signal that has fired; its reason says by what the run was stopped */
  constructor(signal: AbortSignal, goesOn: string, remedy: string) {
    const { reason } = signal as { reason: unknown };
    super(`${reason instanceof Error ? reason.message : String(reason)} ${goesOn}`, remedy, { cause: reason });
  }
}
