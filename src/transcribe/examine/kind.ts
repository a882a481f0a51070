import { fileTypeFromBuffer } from 'file-type';

/** Bytes that are enough to know a file's type by. */
export const HEAD_BYTES = 4100;

export interface Kind {
  /** Media type; empty: unknown. */
  mime: string;
  /** What it is when it is no audio, for a sentence: `a PDF`; undefined: it may be audio. */
  foreign?: string;
}

/** Containers of audio and video that are registered as applications. */
const MEDIA = /^(?:audio|video)\/|^application\/(?:ogg|mxf|vnd\.rn-realmedia|x-matroska|vnd\.ms-asf)/;

/** What a file is by its first bytes. Only what is surely something else is foreign: the rest is for the decoder to say. */
export async function kindOf(head: Uint8Array): Promise<Kind> {
  const mime = (await fileTypeFromBuffer(head))?.mime ?? '';
  if (MEDIA.test(mime)) return { mime };
  if (mime !== '') return { mime, foreign: mime };
  const text = asText(head);
  if (text === undefined) return { mime };
  return {
    mime: 'text/plain',
    foreign: /^\s*<(?:!doctype html|html|head|body)\b/i.test(text) ? 'an HTML page' : 'text',
  };
}

/** No audio begins with kilobytes of readable UTF-8: undefined where another byte is in it. */
function asText(head: Uint8Array): string | undefined {
  try {
    // A character may be cut at the end: `stream` waits for its rest.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells text from other content
    return /[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
