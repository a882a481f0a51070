import type { Context } from '../../context.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { Endpoint } from './endpoint.js';
import type { Journal } from './journal.js';

/** What sends a job, whichever it is. */
export interface Sender {
  context: Context;
  ledger: Ledger;
  /** The same ledger, and a signal that fires some seconds after an interrupt: for what was begun and must be noted. */
  closing: Ledger;
  grace: AbortSignal;
  /** What the step's post would have to give back. */
  journal: Journal;
  endpoint: Endpoint;
  /** Who we are, in the claims. */
  owner: string;
}
