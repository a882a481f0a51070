import { posix } from 'node:path';
import type { Audio } from '../audio.js';

/** What to say of a video behind why the container refused it; empty: it is none, or its audio was taken out already. */
export function adviceFor({ path, video, content }: Pick<Audio, 'path' | 'video' | 'content'>): string {
  if (video !== true || (content.kind === 'file' && content.extract)) return '';
  if (content.kind === 'episode') return ' Its audio alone may do: set extract-audio: true.';
  return ` Its audio alone may do: set extract-audio: true, or store it: ${extractionCommand(path)}`;
}

/** The command, for a POSIX shell and in one line, by which a person takes the audio out of a file. Only ever printed. */
export function extractionCommand(path: string): string {
  const { dir, name } = posix.parse(path);
  const target = posix.join(dir, `${name}.opus`);
  return `ffmpeg -i ${quoted(`file:${path}`)} -map 0:a:0 -ac 1 -ar 16000 -c:a libopus -b:a 32k ${quoted(`file:${target}`)}`;
}

const PLAIN = /^[\w@%+:,./-]+$/;
/** What would break the line, or be shown as something else than it is. */
const UNSHOWABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

function quoted(word: string): string {
  if (PLAIN.test(word)) return word;
  if (word.search(UNSHOWABLE) < 0) return `'${word.replaceAll("'", "'\\''")}'`;
  // POSIX.1-2024, 2.2.4: dollar-single-quotes.
  return `$'${word.replace(/[\\']/g, '\\$&').replace(UNSHOWABLE, octal)}'`;
}

const octal = (character: string): string =>
  Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
