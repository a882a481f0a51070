import { expect, test } from '@jest/globals';
import type { InstanceQuota } from '../../../src/aws/quotas.js';
import { type Demand, judgeQuotas } from '../../../src/deploy/quota.js';

const G4 = 'ml.g4dn.xlarge';
const G5 = 'ml.g5.xlarge';
const judge = (demand: Partial<Demand>, values: Record<string, number>, region = 'eu-west-1') => {
  const quotas = Object.entries(values).map(([type, value]): [string, InstanceQuota] => [
    type,
    { name: `${type} for endpoint usage`, code: `L-${type.length}`, value },
  ]);
  const types = [{ type: G4, running: 0 }];
  return judgeQuotas({ types, starts: true, maxInstances: 1, ...demand }, new Map(quotas), region);
};

test('a quota with room is not worth a word', () => {
  expect(judge({}, { [G4]: 1 })).toEqual({ warnings: [] });
  expect(judge({ types: [{ type: G4, running: 1 }] }, { [G4]: 2 })).toEqual({ warnings: [] });
});

test('an update may need room for the instances that run and one more: a warning, since AWS does not say so', () => {
  const { problem, warnings } = judge({ types: [{ type: G4, running: 3 }] }, { [G4]: 3 });
  expect(problem).toBeUndefined();
  expect(warnings).toEqual([
    expect.stringMatching(/is 3, with no room for one more beside the 3 that run: .* when the endpoint is idle/),
  ]);
  expect(warnings[0]).toContain('--quota-code L-14 --desired-value 4`');
});

test('of several types the next is taken; without room for any the deploy cannot go well', () => {
  const types = [
    { type: G4, running: 0 },
    { type: G5, running: 1 },
  ];
  const some = judge({ types }, { [G4]: 0, [G5]: 2 });
  expect(some.problem).toBeUndefined();
  expect(some.warnings).toEqual([
    expect.stringMatching(
      /^The quota "ml.g4dn.xlarge for endpoint usage" is 0, with no room for one more: none of that type/,
    ),
  ]);
  const none = judge({ types }, { [G4]: 0, [G5]: 0 });
  expect(none.problem?.message).toMatch(
    /"ml.g4dn.xlarge.*" is 0, .* needs 1\. The quota "ml.g5.xlarge.*" is 0, .* needs 1/,
  );
});

test('more instances than the quota are warned of, not refused', () => {
  for (const starts of [true, false]) {
    expect(judge({ starts, maxInstances: 5 }, { [G4]: 2 })).toEqual({
      warnings: [expect.stringMatching(/is 2: scaling cannot reach max-instances \(5\).*--desired-value 5`/)],
    });
  }
  // Several types add up.
  const types = [G4, G5].map((type) => ({ type, running: 0 }));
  expect(judge({ types, maxInstances: 5 }, { [G4]: 2, [G5]: 3 }).warnings).toEqual([]);
});

test('a type that Service Quotas does not know is taken to have room', () => {
  expect(judge({ maxInstances: 9 }, {})).toEqual({ warnings: [] });
});

test("the way to more leads to the partition's console", () => {
  expect(judge({}, { [G4]: 0 }, 'cn-north-1').problem?.remedy).toContain(
    'https://console.amazonaws.cn/servicequotas/home/services/sagemaker/quotas/L-14?region=cn-north-1',
  );
  expect(judge({}, { [G4]: 0 }, 'us-iso-east-1').problem?.remedy).toMatch(/^Ask for more with `aws service-quotas/);
});
