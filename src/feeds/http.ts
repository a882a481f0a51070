import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { type Clock, systemClock } from '../clock.js';
import { UserError } from '../errors.js';
import { pauseAfter } from '../pause.js';
import { shipped } from '../shipped.js';
import { checkAddress, isPublic, type Judge, judgedLookup, shownAddress } from './address.js';
import { isPassingError, isPassingStatus, request } from './request.js';

/** Attempts of one request, the first included. */
export const ATTEMPTS = 5;
/** Episodes go through a chain of counting services before they reach the file: five and more are in use. */
const MOST_REDIRECTS = 10;
/** Milliseconds without a byte. */
const IDLE = 60_000;

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Where the redirects ended, without credentials. */
  url: string;
  /** As it comes over the line. Whoever asked reads it to its end or destroys it. */
  body: Readable;
}

/** The web, as far as podcasts need it. */
export interface Http {
  /**
   * Gets an address; credentials in it (`https://user:password@host/`) are sent to its own origin only. What passes (a
   * broken connection, 429, 5xx) is tried again until the headers of an answer are there; a body that breaks is the
   * caller's to take up again.
   * @returns the answer, whatever its status
   * @throws UserError when it cannot be reached, or leads to where it must not
   */
  get(url: string, options: { headers?: OutgoingHttpHeaders; signal: AbortSignal }): Promise<Answer>;
  /** What the readers of bodies wait with. */
  clock: Clock;
}

export interface HttpOptions {
  /** Whether addresses of this machine and its networks may be asked: false, as a feed is written by a stranger. */
  allowPrivate: boolean;
  clock?: Clock;
  /** Milliseconds. */
  idle?: number;
  /** How names are resolved, before they are judged. */
  lookup?: LookupFunction;
  /** What is public. */
  judge?: Judge;
}

export function openHttp({
  allowPrivate,
  clock = systemClock,
  idle = IDLE,
  lookup,
  judge = isPublic,
}: HttpOptions): Http {
  const userAgent = `whisper-sagemaker/${version()} (+https://github.com/org/whisper-sagemaker)`;
  const mayAsk = allowPrivate ? () => true : judge;
  const judged = judgedLookup(mayAsk, lookup);
  return {
    clock,
    async get(address, { headers, signal }) {
      const ask = (url: URL, authorization: string | undefined) => {
        checkAddress(url, mayAsk);
        const sent = { accept: '*/*', 'user-agent': userAgent, ...headers, ...(authorization && { authorization }) };
        return request(url, { headers: sent, signal, idle, lookup: judged });
      };
      for (let attempt = 1; ; attempt++) {
        const answer = await followed(parsed(address), ask).catch((error: unknown) => {
          signal.throwIfAborted();
          if (attempt === ATTEMPTS || !isPassingError(error)) throw explained(address, error);
          return undefined;
        });
        if (answer && (attempt === ATTEMPTS || !isPassingStatus(answer.status))) return answer;
        answer?.body.destroy();
        await clock.sleep(pauseAfter(attempt, answer?.headers['retry-after'] ?? null, clock.now()), signal);
      }
    },
  };
}

const version = (): string =>
  (JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as { version: string }).version;

type Ask = (url: URL, authorization: string | undefined) => Promise<IncomingMessage>;

async function followed(start: URL, ask: Ask): Promise<Answer> {
  let url = start;
  for (let redirects = 0; ; redirects++) {
    const ours = url.origin === start.origin ? credentialsOf(start) : undefined;
    const body = await ask(bare(url), credentialsOf(url) ?? ours);
    const { statusCode: status = 0, headers } = body;
    if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined) {
      return { status, headers, url: bare(url).href, body };
    }
    body.destroy();
    if (redirects === MOST_REDIRECTS) {
      throw new UserError(
        `${shownAddress(start)} redirects more than ${MOST_REDIRECTS} times, the last time to ${shownAddress(url)}`,
        'Open the address in a browser: it may have moved.',
      );
    }
    // Headers are read as Latin-1, and some servers put UTF-8 into this one.
    url = parsed(Buffer.from(headers.location, 'latin1').toString('utf8'), url);
  }
}

function parsed(address: string, base?: URL): URL {
  const url = URL.parse(address, base?.href);
  if (url !== null) return url;
  const from = base ? `, which ${shownAddress(base)} redirects to,` : '';
  throw new UserError(
    `"${shownAddress(address)}"${from} is no address.`,
    'It should look like https://example.com/feed.xml',
  );
}

function bare(url: URL): URL {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  return copy;
}

function credentialsOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
}

function explained(address: string, error: unknown): unknown {
  if (error instanceof UserError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new UserError(
    `${shownAddress(address)} could not be reached: ${message || code}`,
    'Check the address, and that this runner reaches it without a proxy.',
    { cause: error },
  );
}
