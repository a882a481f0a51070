import type { FileHandle } from 'node:fs/promises';
import { AbstractTokenizer, EndOfStreamError, type IReadChunkOptions } from 'strtok3';

const WINDOW = 16 * 1024;
/** Of one header or table, in bytes: a table of samples has 4 for each, so this holds 11 hours of AAC. */
const MOST_AT_ONCE = 8 * 1024 * 1024;
/** Of one file, in bytes read from the disk. */
const MOST_READ = 24 * 1024 * 1024;
const MOST_STEPS = 100_000;

/**
 * A file as a parser of headers reads it: a little here, a little there. It is read in windows, and after so many bytes
 * or steps every further one fails: a header that leads in circles costs no more than that.
 */
export class HeadReader extends AbstractTokenizer {
  readonly fileInfo: { size: number; mimeType: string };
  readonly #file: FileHandle;
  readonly #signal: AbortSignal;
  #window = { start: 0, bytes: new Uint8Array(0) };
  #read = 0;
  #steps = 0;

  constructor(file: FileHandle, size: number, mimeType: string, signal: AbortSignal) {
    super({ maxBufferSize: MOST_AT_ONCE });
    this.fileInfo = { size, mimeType };
    this.#file = file;
    this.#signal = signal;
  }

  /** It could; but then tags would be looked for at the file's end, and nothing that is asked for is in them. */
  supportsRandomAccess(): boolean {
    return false;
  }

  override ignore(length: number): Promise<number> {
    this.#step();
    return super.ignore(length);
  }

  async readBuffer(target: Uint8Array, options: IReadChunkOptions = {}): Promise<number> {
    const length = await this.peekBuffer(target, options);
    this.position = (options.position ?? this.position) + length;
    return length;
  }

  async peekBuffer(target: Uint8Array, options: IReadChunkOptions = {}): Promise<number> {
    this.#step();
    const { length, position, mayBeLess } = this.normalizeOptions(target, options);
    const bytes = await this.#bytes(position, length);
    if (bytes.length < length && !mayBeLess) throw new EndOfStreamError();
    target.set(bytes);
    return bytes.length;
  }

  #step(): void {
    this.#signal.throwIfAborted();
    this.#steps += 1;
    if (this.#steps > MOST_STEPS || this.#read > MOST_READ) throw new Error('The headers do not come to an end.');
  }

  async #bytes(position: number, length: number): Promise<Uint8Array> {
    const { start, bytes } = this.#window;
    if (position < start || position + length > start + bytes.length) {
      this.#window = { start: position, bytes: await this.#load(position, Math.max(length, WINDOW)) };
    }
    const offset = position - this.#window.start;
    return this.#window.bytes.subarray(offset, offset + length);
  }

  async #load(position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.fileInfo.size - position)));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    this.#read += filled;
    return bytes.subarray(0, filled);
  }
}
