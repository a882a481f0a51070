import { expect, test } from '@jest/globals';
import type { Change } from '../../../src/deploy/changes.js';
import { commentOf, markerOf } from '../../../src/report/plan-comment.js';
import { deployResult } from '../../helpers/deploy-result.ts';
import { deploySettings } from '../../helpers/deploy-settings.ts';

const account = '123456789012';
const pullRequest = { head: 'c0ffee'.repeat(6), run: 'https://github.com/a/b/actions/runs/1' };
const comment = (planned: readonly Change[]) =>
  commentOf(deploySettings(), account, deployResult({ planned, changes: planned }), { failed: false, pullRequest });

test('shows what changes, counts what does not, and names no account', () => {
  const text = comment(deployResult().planned);
  expect(text).toContain('**1 change** to make.');
  expect(text).toContain(
    '| update | endpoint | <code>whisper</code> | container changed: <code>v1.2.0</code> → <code>v1.3.0</code>',
  );
  expect(text).toContain('<code>arn:aws:iam::ACCOUNT:role/a</code>');
  expect(text).toContain('1 resource is as wanted.');
  expect(text).not.toContain(account);
});

test('stays below what GitHub takes, whatever changes', () => {
  const fields = Array.from({ length: 20 }, (_, index) => ({ field: `f${index}`, old: '<'.repeat(290), new: '' }));
  const planned = Array.from(
    { length: 40 },
    (_, index): Change => ({ resource: 'r', name: `${index}`, action: 'update', fields }),
  );
  const text = comment(planned);
  expect(text.length).toBeLessThan(65_500);
  expect(text).toMatch(/And \d+ more: see the job's summary\./);
});

test('plans of one name in two regions or accounts have comments of their own', () => {
  const marker = (region: string, of: string) => markerOf({ endpointName: 'whisper', region }, of);
  const markers = [marker('us-east-1', account), marker('eu-west-1', account), marker('us-east-1', '999999999999')];
  expect(new Set(markers).size).toBe(3);
  for (const text of markers) expect(text).toMatch(/^<!-- whisper-sagemaker plan: whisper [a-z0-9-]+ [0-9a-f]{4} -->$/);
});
