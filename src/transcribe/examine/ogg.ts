import type { FileHandle } from 'node:fs/promises';
import type { IFormat } from 'music-metadata';

/** The longest page of an Ogg stream, in bytes (RFC 3533, 6). */
const LONGEST_PAGE = 65_307;
const HEADER = 27;
/** Of a page on which no packet ends. */
const NO_POSITION = 0xffff_ffff_ffff_ffffn;

/** Length of an Ogg file in seconds, by the position that its last page tells; undefined: it does not tell, or has several streams. */
export async function oggSeconds(
  file: FileHandle,
  bytes: number,
  { container, codec, sampleRate, trackInfo }: Partial<IFormat>,
): Promise<number | undefined> {
  if (container !== 'Ogg' || trackInfo?.length !== 1) return undefined;
  const start = Math.max(0, bytes - 2 * LONGEST_PAGE);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes - start), 0, bytes - start, start);
  const position = lastPosition(buffer.subarray(0, bytesRead), trackInfo[0]?.id);
  // The positions of Opus count 48,000 a second at whatever rate it was recorded (RFC 7845, 4).
  const rate = codec === 'Opus' ? 48_000 : sampleRate;
  return position === undefined || !rate ? undefined : position / rate;
}

function lastPosition(tail: Buffer, serial: number | undefined): number | undefined {
  for (let at = tail.length; at >= 0; at -= 1) {
    at = tail.lastIndexOf('OggS', at, 'latin1');
    if (at < 0) return undefined;
    if (at + HEADER > tail.length) continue;
    // Of files that were joined, the last position is that of the last one only.
    if (tail.readUInt32LE(at + 14) !== serial) return undefined;
    const position = tail.readBigUInt64LE(at + 6);
    if (position !== NO_POSITION) return Number(position);
  }
  return undefined;
}
