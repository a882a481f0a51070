import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** Which file it is that a part of has come, as far as its server says (RFC 9110, 8.8 and 14). */
export interface Version {
  /** Bytes of the whole. */
  total: number | undefined;
  /** A strong ETag, or else the time of the last change. Without one there is no way to know that it is the same file. */
  validator: string | undefined;
}

/** By the headers of an answer with status 200. */
export const versionOf = (headers: IncomingHttpHeaders): Version => {
  const length = headers['content-length'];
  return { total: length === undefined ? undefined : Number(length), validator: validatorOf(headers) };
};

/** A weak ETag says that two files mean the same, not that their bytes are. */
const validatorOf = ({ etag = 'W/', 'last-modified': changed }: IncomingHttpHeaders): string | undefined =>
  etag.startsWith('W/') ? changed : etag;

/** Headers that ask for the rest of a file, or for the whole if it is another one by now. */
export const rangeFrom = (bytes: number, { validator }: Version): OutgoingHttpHeaders =>
  bytes === 0 || validator === undefined ? {} : { range: `bytes=${bytes}-`, 'if-range': validator };

/** Whether an answer with status 206 is what follows the first `bytes` of just this file. */
export function continues(headers: IncomingHttpHeaders, bytes: number, version: Version): boolean {
  const [, start, whole = '*'] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  const sameSize = whole === '*' || version.total === undefined || Number(whole) === version.total;
  // It was asked for on condition that nothing changed; a server that says nothing more is believed.
  const sameVersion = (validatorOf(headers) ?? version.validator) === version.validator;
  return Number(start) === bytes && sameSize && sameVersion;
}
