import { expect, test } from '@jest/globals';
import { placed } from '../../../src/transcribe/annotations.js';

test('annotations stand at paths from the root of the repository; those of objects and of nothing at none', () => {
  const told: unknown[] = [];
  const log = {
    info: () => undefined,
    notice: () => undefined,
    warning: (line: string, file?: string) => told.push([line, file]),
    error: (line: string, file?: string) => told.push([line, file]),
    group: <T>(_title: string, body: () => Promise<T>) => body(),
    mask: () => undefined,
  };
  const { error, warning } = placed(log, 'podcast/show/');
  error('a', 'audio/a.mp3');
  warning('b', 's3://bucket/b.mp3');
  warning('c');
  expect(told).toEqual([
    ['a', 'podcast/show/audio/a.mp3'],
    ['b', undefined],
    ['c', undefined],
  ]);
});
