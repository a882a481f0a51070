import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** Which file it is that a part of has come, as far as its server says (RFC 9110, 8.8 and 14). */
export interface Version {
  /** Bytes of the whole. */
  total: number | undefined;
  /** A strong ETag, or else the time of the last change. Without one there is no way to know that it is the same file. */
  validator: string | undefined;
}

/** By the headers of an answer with status 200. */
export function versionOf(headers: IncomingHttpHeaders): Version {
  const { etag, 'last-modified': changed, 'content-length': length } = headers;
  // A weak one says that two files mean the same, not that their bytes are.
  const validator = etag !== undefined && !etag.startsWith('W/') ? etag : changed;
  return { total: length === undefined ? undefined : Number(length), validator };
}

/** Headers that ask for the rest of a file, or for the whole if it is another one by now. */
export const rangeFrom = (bytes: number, { validator }: Version): OutgoingHttpHeaders =>
  bytes === 0 || validator === undefined ? {} : { range: `bytes=${bytes}-`, 'if-range': validator };

/** Whether an answer with status 206 is what follows the first `bytes` of just this file. */
export function continues(headers: IncomingHttpHeaders, bytes: number, version: Version): boolean {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  const { etag, 'last-modified': changed } = headers;
  const same = [etag ?? version.validator, changed ?? version.validator].includes(version.validator);
  return (
    Number(start) === bytes && same && (total === '*' || version.total === undefined || Number(total) === version.total)
  );
}
