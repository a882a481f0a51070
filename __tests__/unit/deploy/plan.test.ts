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
