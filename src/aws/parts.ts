/** Bytes of a part. S3 takes 10,000 parts an object, so this carries objects of 84 GB. */
export const PART_BYTES = 8 * 1024 * 1024;

/** One part of an object, in memory until its buffer is given back. */
export interface Part {
  /** From 1 on. */
  number: number;
  content: Buffer;
  last: boolean;
  /** Gives the memory to the next part. */
  done(): void;
}

/**
 * Memory for `count` parts, used again and again: it bounds at once how many parts are under way and what all uploads
 * hold, whatever the size of the files. An upload that waits for memory holds none, so none waits for ever.
 */
export class PartBuffers {
  readonly #count: number;
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];
  #made = 0;

  constructor(count: number) {
    this.#count = count;
  }

  async take(): Promise<Buffer> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#made === this.#count) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#made += 1;
    return Buffer.allocUnsafeSlow(PART_BYTES);
  }

  give(buffer: Buffer): void {
    const next = this.#waiting.shift();
    if (next) next(buffer);
    else this.#free.push(buffer);
  }
}

/** Content of so many bytes at most is gathered as it comes: most files are small, and a buffer is not. */
const LITTLE = 256 * 1024;

/** Cuts content into parts, the last of which comes only once the content has ended without an error. */
export async function* partsOf(content: AsyncIterable<Uint8Array>, buffers: PartBuffers): AsyncGenerator<Part> {
  const pieces = content[Symbol.asyncIterator]();
  const begin: Uint8Array[] = [];
  try {
    for (let bytes = 0; bytes <= LITTLE; ) {
      const { done, value } = await pieces.next();
      if (done) return yield { number: 1, content: Buffer.concat(begin), last: true, done: () => undefined };
      begin.push(value);
      bytes += value.length;
    }
    yield* largeParts(begin, { [Symbol.asyncIterator]: () => pieces }, buffers);
  } finally {
    await pieces.return?.();
  }
}

async function* largeParts(
  begin: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
  buffers: PartBuffers,
): AsyncGenerator<Part> {
  let number = 1;
  let filling: { buffer: Buffer; size: number } | undefined;
  const part = ({ buffer, size }: NonNullable<typeof filling>, last: boolean): Part => {
    filling = undefined;
    return { number: number++, content: buffer.subarray(0, size), last, done: () => buffers.give(buffer) };
  };
  try {
    for await (const chunk of chained(begin, rest)) {
      for (let from = 0; from < chunk.length; ) {
        if (filling?.size === PART_BYTES) yield part(filling, false);
        filling ??= { buffer: await buffers.take(), size: 0 };
        const piece = chunk.subarray(from, from + PART_BYTES - filling.size);
        filling.buffer.set(piece, filling.size);
        filling.size += piece.length;
        from += piece.length;
      }
    }
    yield part(filling ?? { buffer: await buffers.take(), size: 0 }, true);
  } finally {
    if (filling) buffers.give(filling.buffer);
  }
}

async function* chained(begin: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* begin;
  yield* rest;
}
