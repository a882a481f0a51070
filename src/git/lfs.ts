import { open } from 'node:fs/promises';

/** How the file begins that stands for a large one where Git LFS has not fetched it (git-lfs docs/spec.md). */
const POINTER = 'version https://git-lfs.github.com/spec/';

export async function isLfsPointer(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(POINTER.length), 0, POINTER.length, 0);
  return buffer.toString('latin1', 0, bytesRead) === POINTER;
}
