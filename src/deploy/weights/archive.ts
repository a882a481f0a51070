import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { contentHash } from '../content-hash.js';
import type { Weights } from './model-files.js';

/** What inference.py needs beside it; the packages that it imports are the image's business. */
const CODE = ['TRANSCRIBER', 'inference.py', 'pipeline/*.py'];
const ARCHIVE = 'model.tar.gz';
/** Raised when an archive of the same files becomes other bytes. */
const FORMAT = 1;

/** A file of an archive. */
export interface Entry {
  name: string;
  /** Bytes, exactly. */
  size: number;
  open(): AsyncIterable<Uint8Array>;
}

/**
 * The same weights as one model.tar.gz with the inference code in code/, as SageMaker's PyTorch images load it.
 * @param container folder of the container's sources
 */
export async function archived(weights: Weights, container: string): Promise<Weights> {
  const code = await codeOf(container);
  const entries = [
    ...weights.files.map((file) => ({ name: file.name, size: file.size ?? 0, open: () => weights.open(file) })),
    ...code.map(({ name, content }) => ({ name, size: content.length, open: () => Readable.from([content]) })),
  ];
  const { files, ...model } = weights;
  const codeIds = code.map(({ name, content }) => [name, createHash('sha256').update(content).digest('hex')]);
  return {
    ...model,
    key: contentHash({ format: FORMAT, files, code: codeIds }),
    package: 'tar.gz',
    files: [{ name: ARCHIVE, size: undefined, id: '' }],
    open: () => tarGz(entries),
  };
}

async function codeOf(container: string): Promise<{ name: string; content: Buffer }[]> {
  const { glob } = await import('tinyglobby');
  const paths = await glob(CODE, { cwd: container, followSymbolicLinks: false });
  return Promise.all(
    paths.sort().map(async (path) => ({ name: `code/${path}`, content: await readFile(join(container, path)) })),
  );
}

/**
 * A gzipped tar of the files in this order, without times and owners: the same files give the same bytes. It is not
 * compressed: float16 weights become 9 % smaller at best, at 36 MB a second (zlib, level 1), slower than they travel.
 */
export async function* tarGz(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  const { pack } = await import('tar-stream');
  const tar = pack();
  const gzip = createGzip({ level: 0, chunkSize: 1 << 16 });
  const write = async () => {
    for (const { name, size, open } of entries) {
      const entry = tar.entry({ name, size, mode: 0o644, mtime: new Date(0) });
      await pipeline(Readable.from(open()), entry);
    }
    tar.finalize();
  };
  const writing = write().catch((error: Error) => {
    tar.destroy(error);
  });
  // The same error comes out of the iteration below.
  const packing = pipeline(tar, gzip).catch(() => undefined);
  try {
    yield* gzip;
  } finally {
    tar.destroy();
    await Promise.all([writing, packing]);
  }
}
