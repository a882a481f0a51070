import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { DeployResult } from '../../../src/deploy/result.js';
import { cell, deployOutputs, deploySummary } from '../../../src/report/deploy.js';

const result: DeployResult = {
  endpointName: 'whisper',
  endpointArn: 'arn:aws:sagemaker:us-east-1:123456789012:endpoint/whisper',
  imageRepository: 'whisper-sagemaker',
  imageDigest: `sha256:${'d'.repeat(64)}`,
  modelData: 's3://bucket/whisper/models/b/',
  changes: [
    {
      resource: 'endpoint',
      name: 'whisper',
      action: 'update',
      fields: [{ field: 'WHISPER_MODEL', old: 'a|b', new: '<img src=x onerror=alert(1)>' }],
    },
  ],
  steps: [
    { step: 'plan', seconds: 0.42 },
    { step: 'wait', seconds: 431.2 },
  ],
};

test('every output that action.yml promises for deploy is set, and no other', () => {
  const { outputs } = parse(readFileSync('action.yml', 'utf8')) as { outputs: Record<string, { description: string }> };
  const promised = Object.keys(outputs).filter((name) => outputs[name]?.description.startsWith('`deploy`'));
  expect(Object.keys(deployOutputs(result)).sort()).toEqual(promised.sort());
});

test('changed follows the changes', () => {
  expect(deployOutputs(result)).toMatchObject({ changed: 'true', changes: JSON.stringify(result.changes) });
  expect(deployOutputs({ ...result, changes: [] })).toMatchObject({ changed: 'false', changes: '[]' });
});

test('the summary shows changes and times, and text from outside stays text', () => {
  const summary = deploySummary(result);
  expect(summary).toContain('431 s');
  expect(summary).toContain('0.4 s');
  expect(summary).not.toContain('<img');
  const row = summary.split('\n').find((line) => line.includes('WHISPER')) ?? '';
  // Five bars of four columns; one more would be a fifth column.
  expect(row.split('|')).toHaveLength(6);
  expect(deploySummary({ ...result, changes: [] })).toContain('Nothing had to be changed.');
});

test('no cell can break out of its table', () => {
  expect(cell('a|b\n`c` <b> [x](y) @me')).toBe('a&#124;b &#96;c&#96; &lt;b&gt; &#91;x&#93;(y) &#64;me');
  expect(cell('x'.repeat(1000)).length).toBeLessThan(310);
});
