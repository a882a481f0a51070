import { expect, test } from '@jest/globals';
import type { Change } from '../../../src/deploy/changes.js';
import { removalSummary } from '../../../src/report/removal.js';

const place = { endpointName: 'whisper', region: 'us-east-1', account: '123456789012' };
const gone = (resource: string, name: string, fields: Change['fields'] = []): Change => ({
  resource,
  name,
  action: 'delete',
  fields,
});
const endpoint = gone('endpoint', 'whisper');
const folder = gone('results', 's3://bucket/whisper/results/', [{ field: 'objects', old: '12', new: '' }]);

test('what was removed, what stays and how long it took', () => {
  const progress = {
    planned: [endpoint, folder],
    made: [endpoint, folder],
    steps: [{ step: 'delete endpoint', seconds: 95, failed: false }],
  };
  const lines = removalSummary(place, progress, ['The <role> stays.']).split('\n');
  expect(lines).toContain('**Removed**: 2 things.');
  expect(lines).toContain('| endpoint | <code>whisper</code> | deleted |  |');
  expect(lines).toContain('| results | <code>s3://bucket/whisper/results/</code> | deleted | 12 objects |');
  expect(lines).toContain('- The &lt;role&gt; stays.');
  expect(lines).toContain('| delete endpoint | 95 s |');
});

test('what failed and what is still there, with its page in the console', () => {
  const progress = {
    planned: [endpoint, folder, gone('model', 'whisper-1')],
    made: [endpoint],
    steps: [{ step: 'delete results', seconds: 1, failed: true }],
  };
  const text = removalSummary(place, progress, [], { message: 'Access denied.', remedy: 'Allow it.' });
  expect(text).toContain('**The removal failed**, with 1 thing removed.');
  expect(text).toContain('> Access denied.<br>\n> Allow it.');
  expect(text).toMatch(/^\| results \| .*\(<https:.*\| delete failed \| 12 objects \|$/m);
  expect(text).toMatch(/^\| model \| .*#\/models\/whisper-1>\) \| delete: not done \|/m);
});

test('nothing to remove', () => {
  expect(removalSummary(place, { planned: [], made: [], steps: [] }, [])).toContain('Nothing was removed.');
});
