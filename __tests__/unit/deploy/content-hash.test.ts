import { expect, test } from '@jest/globals';
import { canonicalJson, contentHash } from '../../../src/deploy/content-hash.js';

test('the order of keys and absent fields do not matter, the order of lists does', () => {
  expect(contentHash({ b: [1, { d: 2, c: undefined }], a: 'x' })).toBe(contentHash({ a: 'x', b: [1, { d: 2 }] }));
  expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]));
});

test('a hash stays what it was: names in AWS depend on it', () => {
  expect(canonicalJson({ b: null, a: { d: 1, c: 'é' } })).toBe('{"a":{"c":"é","d":1},"b":null}');
  expect(contentHash({ b: null, a: { d: 1, c: 'é' } })).toBe('fcb2a4db09c8');
  expect(contentHash({}, 16)).toMatch(/^[0-9a-f]{16}$/);
});
