import { createHash } from 'node:crypto';
import { WrongContent } from '../../aws/multipart-upload.js';
import type { WeightFile } from './model-files.js';

/**
 * Passes a file's content on, and throws at its end unless its size is as listed, and its SHA-256 or git object id
 * (SHA-1 of `blob <size>\0` and the content), where the id is one.
 */
export async function* verified(content: AsyncIterable<Uint8Array>, file: WeightFile): AsyncGenerator<Uint8Array> {
  const [name, hash] = hashFor(file);
  let size = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    size += chunk.length;
    yield chunk;
  }
  if (size !== file.size) throw changed(file, `${file.size} bytes were announced, ${size} came`);
  const found = hash.digest('hex');
  if (name !== undefined && found !== file.id) throw changed(file, `${name} is ${found}, not ${file.id}`);
}

function hashFor({ id, size }: WeightFile) {
  if (/^[0-9a-f]{40}$/.test(id)) return ['its git object id', createHash('sha1').update(`blob ${size}\0`)] as const;
  return [/^[0-9a-f]{64}$/.test(id) ? 'SHA-256' : undefined, createHash('sha256')] as const;
}

const changed = ({ name }: WeightFile, found: string): WrongContent =>
  new WrongContent(
    `The model's file ${name} is not what it was announced to be: ${found}.`,
    'Run the step again. If it happens again, the file is damaged where it comes from.',
  );
