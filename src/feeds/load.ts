import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { UserError } from '../errors.js';
import { pauseAfter } from '../pause.js';
import { shownAddress } from './address.js';
import type { Answer, Http } from './http.js';
import { isPassingError } from './request.js';

const ATTEMPTS = 3;

export interface Loaded {
  bytes: Buffer;
  status: number;
  contentType: string | undefined;
  /** Where the redirects ended. */
  url: string;
}

/**
 * A document, whole and in memory. It is asked for compressed, as feeds shrink to a tenth; one whose connection breaks is
 * asked for anew.
 * @param most bytes, decompressed
 * @throws UserError when it cannot be had or is larger
 */
export async function load(http: Http, url: string, most: number, signal: AbortSignal): Promise<Loaded> {
  const headers = { accept: 'application/rss+xml, application/atom+xml, application/xml, text/xml, */*;q=0.5' };
  for (let attempt = 1; ; attempt++) {
    const answer = await http.get(url, { headers: { ...headers, 'accept-encoding': 'gzip, deflate, br' }, signal });
    try {
      const bytes = await collected(answer, url, most);
      return { bytes, status: answer.status, contentType: answer.headers['content-type'], url: answer.url };
    } catch (error) {
      answer.body.destroy();
      signal.throwIfAborted();
      if (error instanceof UserError) throw error;
      if (attempt === ATTEMPTS || !isPassingError(error)) throw broken(url, error);
    }
    await http.clock.sleep(pauseAfter(attempt, null, http.clock.now()), signal);
  }
}

async function collected({ body, headers }: Answer, url: string, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      size += chunk.length;
      // Counted as it unfolds: a few kilobytes can become gigabytes.
      if (size > most) throw tooLarge(url, most);
      chunks.push(chunk);
    }
  };
  const decompress = decompressor(headers['content-encoding'], url);
  await (decompress ? pipeline(body, decompress, collect) : pipeline(body, collect));
  return Buffer.concat(chunks);
}

function decompressor(encoding = 'identity', url: string) {
  switch (encoding.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    case 'identity':
    case '':
      return undefined;
    default:
      throw new UserError(
        `${shownAddress(url)} is compressed as ${encoding}, which was not asked for.`,
        'Tell its host.',
      );
  }
}

const tooLarge = (url: string, most: number): UserError =>
  new UserError(
    `${shownAddress(url)} is larger than ${most / 1e6} MB.`,
    'That is no usual feed. Many hosts have a shorter one, with the latest episodes.',
  );

const broken = (url: string, error: unknown): UserError =>
  new UserError(`${shownAddress(url)} broke off: ${(error as Error).message}`, 'Try again later.', { cause: error });
