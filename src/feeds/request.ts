import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';

export interface RequestOptions {
  headers: OutgoingHttpHeaders;
  signal: AbortSignal;
  /** Milliseconds in which nothing comes until it is given up. */
  idle: number;
  lookup: LookupFunction;
}

/**
 * One GET on a connection of its own: no redirect, no second attempt. The signal and the silence end the body as well.
 * @returns the answer, whatever its status; its body is for the caller to read or destroy
 */
export function request(url: URL, { headers, signal, idle, lookup }: RequestOptions): Promise<IncomingMessage> {
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined;
    // No shared agent: its connections were not looked up here, and it may go through a proxy that resolves names itself.
    const options = { agent: false, headers, signal, timeout: idle, lookup };
    const sent = client.get(url, options, (response) => {
      answer = response;
      resolve(response);
    });
    sent.on('timeout', () => {
      const silence = new Silence(idle);
      // Destroying the request would end the body with a reset that says nothing.
      answer?.destroy(silence);
      sent.destroy(silence);
    });
    sent.on('error', reject);
  });
}

class Silence extends Error {
  readonly code = 'ETIMEDOUT';
  constructor(idle: number) {
    super(`nothing came for ${idle / 1000} s`);
  }
}

const PASSING = ['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Whether a connection failed in a way that may pass: it broke, was refused, or nobody answered. */
export const isPassingError = (error: unknown): boolean => PASSING.includes((error as { code?: string }).code ?? '');

/** Whether a server that answers with this status may do better soon. */
export const isPassingStatus = (status: number): boolean => status === 408 || status === 429 || status >= 500;
