import { expect, test } from '@jest/globals';
import { isReadInPlace } from '../../../src/transcribe/submit/input-location.js';

const readInPlace = (key: string) => isReadInPlace({ kind: 'object', bucket: 'bucket', key, etag: '""' });

test('SageMaker is given the address of an object where its characters mean themselves', () => {
  expect(readInPlace("2026/ep-1_final(live)*'!.mp3")).toBe(true);
  expect(['a b.mp3', '日本語.mp3', '100%.mp3', 'a+b.mp3', 'a\n.mp3'].filter(readInPlace)).toEqual([]);
});

test('and where it is not longer than SageMaker takes', () => {
  const longest = 'x'.repeat(1024 - 's3://bucket/'.length);
  expect([longest, `${longest}x`].map(readInPlace)).toEqual([true, false]);
});
