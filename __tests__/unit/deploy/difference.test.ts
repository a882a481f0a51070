import { expect, test } from '@jest/globals';
import { differences } from '../../../src/deploy/difference.js';

test('what AWS answers beyond what is wanted is no difference', () => {
  expect(differences({ a: 1, list: [{ b: 'x' }] }, { a: 1, arn: 'arn', list: [{ b: 'x', c: 2 }] })).toEqual([]);
});

test('each field that differs is named by its path, with both values', () => {
  const wanted = { count: 2, nested: { on: true }, list: [{ name: 'a' }, { name: 'b' }], unset: undefined };
  const found = { count: 3, nested: {}, list: [{ name: 'a' }, { name: 'c' }], unset: 'default' };
  expect(differences(wanted, found)).toEqual([
    { field: 'count', old: '3', new: '2' },
    { field: 'nested.on', old: '', new: 'true' },
    { field: 'list[1].name', old: 'c', new: 'b' },
  ]);
});

test('lists of another length differ as a whole', () => {
  expect(differences({ list: [1] }, { list: [1, 2] })).toEqual([{ field: 'list', old: '[1,2]', new: '[1]' }]);
  expect(differences({ list: [] }, {})).toEqual([{ field: 'list', old: '', new: '[]' }]);
});
