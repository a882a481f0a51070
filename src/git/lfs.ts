import { open } from 'node:fs/promises';

/** The small file that stands for a large one where Git LFS has not fetched it. */
export interface LfsPointer {
  /** SHA-256 in hex of the file that it stands for. */
  oid: string;
  /** Size of that file. */
  bytes: number;
}

const VERSION = 'version https://git-lfs.github.com/spec/';
/** A pointer is smaller than this, in bytes. */
const LONGEST = 1024;
/** With keys of extensions (`ext-0-name`) the oid is that of what they made of the file, and so not of the file. */
const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:([0-9a-f]{64})\nsize (0|[1-9]\d{0,15})\n$/;

/**
 * Reads a pointer as its specification has it (git-lfs docs/spec.md).
 * @param head the file's first bytes, 1,024 of them if there are as many
 * @returns undefined when it is something else; `broken` when it begins as a pointer and is none
 */
export function readLfsPointer(head: Uint8Array): LfsPointer | 'broken' | undefined {
  const text = Buffer.from(head).toString('latin1');
  if (!text.startsWith(VERSION)) return undefined;
  const [, oid, size] = (head.length < LONGEST && POINTER.exec(text)) || [];
  return oid === undefined ? 'broken' : { oid, bytes: Number(size) };
}

/** Whether a file begins as a pointer, whole or broken. */
export async function isLfsPointer(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
  return readLfsPointer(buffer.subarray(0, bytesRead)) !== undefined;
}
