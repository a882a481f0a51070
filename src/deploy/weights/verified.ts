import { createHash } from 'node:crypto';
import { UserError } from '../../errors.js';
import type { WeightFile } from './model-files.js';

/** Passes a file's content on, and throws at its end unless size and, where the id is one, SHA-256 are as listed. */
export async function* verified(content: AsyncIterable<Uint8Array>, file: WeightFile): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    size += chunk.length;
    yield chunk;
  }
  if (size !== file.size) throw changed(file, `${file.size} bytes were announced, ${size} came`);
  const sha256 = hash.digest('hex');
  if (/^[0-9a-f]{64}$/.test(file.id) && sha256 !== file.id) throw changed(file, `SHA-256 is ${sha256}, not ${file.id}`);
}

const changed = ({ name }: WeightFile, found: string): UserError =>
  new UserError(
    `The model's file ${name} is not what it was announced to be: ${found}.`,
    'Run the step again. If it happens again, the file is damaged where it comes from.',
  );
