import { TextDecoder } from 'node:util';

/**
 * Bytes of an XML document as text, without a byte order mark. The mark counts most, then what the document says of itself,
 * then the server: RFC 7303 puts the server before the document, but many a server says the same of all its files.
 * @param contentType header of the answer
 */
export function decodeXml(bytes: Uint8Array, contentType?: string): string {
  const decoder =
    decoderOf(marked(bytes)) ?? decoderOf(declared(bytes)) ?? decoderOf(charsetOf(contentType)) ?? new TextDecoder();
  return decoder.decode(bytes);
}

function decoderOf(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}

/** By its byte order mark, or by the first two characters of any XML document, `<?`. */
function marked(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 4)).toString('hex');
  if (start.startsWith('efbbbf')) return 'utf-8';
  if (start.startsWith('fffe') || start === '3c003f00') return 'utf-16le';
  if (start.startsWith('feff') || start === '003c003f') return 'utf-16be';
  return undefined;
}

/** By its XML declaration. One that can be read byte by byte is not in UTF-16, whatever it says. */
function declared(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const label = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1];
  return label !== undefined && /^utf-?16/i.test(label) ? undefined : label;
}

const charsetOf = (contentType = ''): string | undefined => /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1];
