import { expect, test } from '@jest/globals';
import { PART_BYTES, PartBuffers, partsOf } from '../../../src/aws/parts.js';

async function* chunks(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const [index, size] of sizes.entries()) yield Buffer.alloc(size, index + 1);
}

/** Number, size and whether it is the last, of each part. */
async function cut(content: AsyncIterable<Uint8Array>, buffers = new PartBuffers(2)) {
  const found: [number, number, boolean][] = [];
  for await (const part of partsOf(content, buffers)) {
    found.push([part.number, part.content.length, part.last]);
    part.done();
  }
  return found;
}

test('parts are full, but the last', async () => {
  expect(await cut(chunks(PART_BYTES - 1, 2, 3))).toEqual([
    [1, PART_BYTES, false],
    [2, 4, true],
  ]);
  expect(await cut(chunks(3 * PART_BYTES))).toEqual([
    [1, PART_BYTES, false],
    [2, PART_BYTES, false],
    [3, PART_BYTES, true],
  ]);
  expect(await cut(chunks(5))).toEqual([[1, 5, true]]);
  expect(await cut(chunks())).toEqual([[1, 0, true]]);
});

test('the bytes keep their order', async () => {
  const whole: Buffer[] = [];
  for await (const part of partsOf(chunks(PART_BYTES - 1, 1, 2), new PartBuffers(2))) {
    whole.push(Buffer.from(part.content));
    part.done();
  }
  expect(Buffer.concat(whole).subarray(PART_BYTES - 2)).toEqual(Buffer.from([1, 2, 3, 3]));
});

test('a part waits for memory until another one is done', async () => {
  const parts = partsOf(chunks(3 * PART_BYTES), new PartBuffers(2));
  const [first] = [(await parts.next()).value, (await parts.next()).value];
  let third = false;
  const waiting = parts.next().then(() => {
    third = true;
  });
  await new Promise(setImmediate);
  expect(third).toBe(false);
  first?.done();
  await waiting;
  expect(third).toBe(true);
});

test('content that ends in an error ends without a last part, and its memory comes back', async () => {
  const buffers = new PartBuffers(1);
  const broken = async function* () {
    yield Buffer.alloc(5);
    throw new Error('broken off');
  };
  await expect(cut(broken(), buffers)).rejects.toThrow('broken off');
  expect(await cut(chunks(5), buffers)).toEqual([[1, 5, true]]);
});
