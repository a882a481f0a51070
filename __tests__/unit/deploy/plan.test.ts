import { expect, test } from '@jest/globals';
import { planLines } from '../../../src/deploy/plan-lines.js';

test('the plan says what, how and from what to what', () => {
  expect(
    planLines([
      { resource: 'model', name: 'whisper-1', action: 'create', fields: [] },
      {
        resource: 'endpoint',
        name: 'whisper',
        action: 'update',
        fields: [{ field: 'InstanceType', old: '', new: 'ml.g5.xlarge' }],
      },
    ]),
  ).toEqual([
    '2 changes:',
    '  + create model whisper-1',
    '  ~ update endpoint whisper',
    '      InstanceType: (none) -> ml.g5.xlarge',
  ]);
  expect(planLines([])).toEqual(['Nothing to change: everything is as wanted.']);
});

test('a change of the container is told by its versions', () => {
  const change = { resource: 'endpoint', name: 'whisper', action: 'update' as const };
  const told = (old: string) => planLines([{ ...change, fields: [{ field: 'container', old, new: '1.3.0' }] }]).at(-1);
  expect(told('1.2.0')).toBe('      container changed: v1.2.0 -> v1.3.0');
  expect(told('')).toBe('      container changed: (unknown) -> v1.3.0');
});

test('what was found in AWS stays on its line', () => {
  const fields = [{ field: 'WHISPER_MODEL', old: 'a\n::error::b', new: 'c' }];
  expect(planLines([{ resource: 'endpoint', name: 'whisper', action: 'update', fields }]).at(-1)).toBe(
    '      WHISPER_MODEL: a\\u000a::error::b -> c',
  );
});
