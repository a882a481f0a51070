import type { Clients } from './aws/clients.js';
import type { Clock } from './clock.js';
import type { Log } from './log.js';

/** What a story's steps work with besides their settings. Everything of the outside world comes through here. */
export interface Context {
  clients: Clients;
  /** The AWS account of the credentials, twelve digits: the expected owner of every bucket. */
  account: string;
  log: Log;
  clock: Clock;
  /** Fires on SIGINT and SIGTERM. Every wait and request listens to it. */
  signal: AbortSignal;
}
