import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Change } from '../../../src/deploy/changes.js';
import type { DeployResult } from '../../../src/deploy/result.js';
import { doneRows } from '../../../src/report/changes.js';
import { deployOutputs, deploySummary } from '../../../src/report/deploy.js';
import { cell, code } from '../../../src/report/markdown.js';
import { resourceUrl } from '../../../src/report/resource-url.js';
import type { DeploySettings } from '../../../src/settings/deploy.js';
import { deployResult } from '../../helpers/deploy-result.ts';
import { deploySettings } from '../../helpers/deploy-settings.ts';

const account = '123456789012';
const summary = (
  result: Partial<DeployResult> = {},
  settings: Partial<DeploySettings> = {},
  failure?: { message: string; remedy: string },
) => deploySummary(deploySettings(settings), account, deployResult(result), failure);

describe('the outputs', () => {
  test('are those that action.yml promises for deploy, and no other', () => {
    const { outputs } = parse(readFileSync('action.yml', 'utf8')) as {
      outputs: Record<string, { description: string }>;
    };
    const promised = Object.keys(outputs).filter((name) => outputs[name]?.description.startsWith('`deploy`'));
    expect(Object.keys(deployOutputs(deployResult(), account)).sort()).toEqual(promised.sort());
  });

  test('changed follows the changes', () => {
    expect(deployOutputs(deployResult(), account)).toMatchObject({ changed: 'true' });
    expect(deployOutputs(deployResult({ changes: [] }), account)).toMatchObject({ changed: 'false', changes: '[]' });
    const same: Change[] = [{ resource: 'bucket', name: 'b', action: 'unchanged', fields: [] }];
    expect(deployOutputs(deployResult({ changes: same }), account)).toMatchObject({ changed: 'false' });
  });

  test('only those that cannot do without hold the id of the account, which a runner may mask', () => {
    const result = deployResult({ changes: deployResult().planned });
    const holding = Object.entries(deployOutputs(result, account)).filter(([, value]) => value.includes(account));
    expect(holding.map(([name]) => name)).toEqual(['endpoint-arn']);
    expect(JSON.parse(deployOutputs(result, account)['changes'] ?? '')).toMatchObject([
      { name: 'whisper-sagemaker-ACCOUNT-us-east-1' },
      { fields: [{}, { old: 'arn:aws:iam::ACCOUNT:role/a' }] },
    ]);
  });
});

describe('the summary', () => {
  test('has a row a resource, with its page in the console, and the time of each step', () => {
    const lines = summary().split('\n');
    expect(lines).toContain('**Deployed**, with 1 change.');
    expect(lines).toContain(
      '| bucket | [<code>whisper-sagemaker-123456789012-us-east-1</code>](<https://console.aws.amazon.com/s3/buckets/whisper-sagemaker-123456789012-us-east-1?region=us-east-1>) | unchanged |  |',
    );
    const row = lines.find((line) => line.startsWith('| endpoint |')) ?? '';
    expect(row).toContain(
      '#/endpoints/whisper>) | updated | container changed: <code>v1.2.0</code> → <code>v1.3.0</code>',
    );
    expect(lines).toContain('| plan | 0.4 s |');
    expect(lines).toContain('| wait | 7.2 min |');
  });

  test('says when there was nothing to do, and when an earlier run had begun it', () => {
    expect(summary({ changes: [] })).toContain('\nNothing had to be changed.\n');
    expect(summary({ changes: [], deploying: true })).toContain('that an earlier run had begun');
  });

  test('of a plan has every resource, and no page of what is not there', () => {
    const planned: Change[] = [
      { resource: 'model', name: 'whisper-(known after the build)', action: 'create', fields: [] },
      { resource: 'alarm', name: 'whisper-idle', action: 'unchanged', fields: [] },
    ];
    const text = summary({ planned, changes: planned }, { mode: 'plan' });
    expect(text).toContain('**1 change** to make.');
    expect(text).toContain('| model | <code>whisper-(known after the build)</code> | create |  |');
    expect(text).toContain('#alarmsV2:alarm/whisper-idle>) | unchanged |');
  });

  test('of what failed tells what was made, what was tried and what was not', () => {
    const change = (resource: string, name: string): Change => ({ resource, name, action: 'create', fields: [] });
    const planned = [
      change('image', 'whisper:a'),
      change('model', 'whisper-(known after the build)'),
      change('endpoint', 'whisper'),
      change('alarm', 'whisper-idle'),
    ];
    const changes = [change('image', 'whisper:a'), change('model', 'whisper-1')];
    const steps = [
      { step: 'model', seconds: 1, failed: false },
      { step: 'endpoint', seconds: 1, failed: true },
    ];
    const states = doneRows({ planned, changes, steps }, true).map((row) => [row.change.name, row.state, row.exists]);
    expect(states).toEqual([
      ['whisper:a', 'created', true],
      ['whisper-1', 'created', true],
      ['whisper', 'create failed', false],
      ['whisper-idle', 'create: not done', false],
    ]);
    const failure = { message: 'It <b>broke</b>.\n  ![x](http://e.com) @team', remedy: 'Mend it.' };
    const text = summary({ planned, changes, steps }, {}, failure);
    expect(text).toContain('**The deploy failed**, with 2 changes made.');
    expect(text).toContain('> It &lt;b&gt;broke&lt;/b&gt;.<br>\n');
    expect(text).not.toMatch(/!\[|@team/);
  });

  test('an endpoint whose update was accepted and then went wrong is not told as updated', () => {
    const steps = [{ step: 'wait', seconds: 300, failed: true }];
    expect(summary({ steps }, {}, { message: 'no', remedy: '' })).toMatch(/^\| endpoint \|.*\| failed \|/m);
  });

  test('what was changed beside the plan is told too', () => {
    const made: Change = { resource: 'scalable target', name: 'whisper', action: 'create', fields: [] };
    const { planned, changes, steps } = deployResult();
    const before: Change = { ...made, action: 'unchanged' };
    expect(doneRows({ planned: [...planned, before], changes: [...changes, made], steps }, false).at(-1)?.state).toBe(
      'created',
    );
    const old: Change = { resource: 'model', name: 'whisper-0', action: 'delete', fields: [] };
    expect(doneRows({ planned, changes: [...changes, old], steps }, false).at(-1)).toMatchObject({
      state: 'deleted',
      exists: false,
    });
  });

  test('stays below what GitHub takes', () => {
    const changes = Array.from(
      { length: 3_000 },
      (_, index): Change => ({
        resource: 'image',
        name: `whisper:${'x'.repeat(400)}${index}`,
        action: 'delete',
        fields: [],
      }),
    );
    const text = summary({ changes });
    expect(Buffer.byteLength(text)).toBeLessThan(1024 ** 2);
    expect(text).toContain('\nAnd 2502 more.\n');
  });
});

describe('what it costs', () => {
  const prices = { pricePerHour: 0.736, idleMinutes: 5, maxInstances: 3 };

  test('is told with a price only', () => {
    expect(summary({}, { maxInstances: 3 })).not.toContain('costs');
  });

  test('an hour, the most, and a wake with its tail by the start that this deploy saw', () => {
    // 0.736 * (431.2 s + 5 min) / 3600 s = 0.149
    expect(summary({}, prices)).toContain(
      'One instance costs 0.736 an hour, 3 of them (`max-instances`) 2.21; nothing while none runs. A wake costs about 0.15 beside the work itself: 7.2 min to start, as long as this deploy waited, and 5 minutes (`idle-minutes`) until the instance goes.',
    );
  });

  test('of a start that was not seen whole only the tail is told', () => {
    for (const unseen of [{ changes: [] }, { deploying: true }, { steps: [] }]) {
      expect(summary(unseen, prices)).toContain('A wake costs 0.061 for the 5 minutes');
    }
  });

  test('instances that always run', () => {
    expect(summary({}, { ...prices, minInstances: 2 })).toContain(
      '2 always run (`min-instances`): 35.33 a day at least.',
    );
  });
});

describe('pages in the console', () => {
  const place = { endpointName: 'whisper', account };
  const model = { resource: 'model', name: 'whisper-1' };

  test.each([
    ['eu-west-1', 'https://console.aws.amazon.com/sagemaker/home?region=eu-west-1#/models/whisper-1'],
    ['cn-north-1', 'https://console.amazonaws.cn/sagemaker/home?region=cn-north-1#/models/whisper-1'],
    ['us-gov-west-1', 'https://console.amazonaws-us-gov.com/sagemaker/home?region=us-gov-west-1#/models/whisper-1'],
    ['us-iso-east-1', undefined],
  ])('are those of the partition of %s', (region, url) => {
    expect(resourceUrl({ ...place, region }, model)).toBe(url);
  });

  test('an image of another account has none that these credentials could open', () => {
    const image = { resource: 'image', name: 'team/whisper:abc' };
    const at = { ...place, region: 'us-east-1' };
    expect(resourceUrl(at, image)).toContain(`/ecr/repositories/private/${account}/team/whisper?region=us-east-1`);
    expect(resourceUrl({ ...at, registryId: '999999999999' }, image)).toBeUndefined();
  });

  test('a folder in S3', () => {
    const url = resourceUrl({ ...place, region: 'us-east-1' }, { resource: 'model weights', name: 's3://b/a b/' });
    expect(url).toBe('https://console.aws.amazon.com/s3/buckets/b?prefix=a%20b%2F&region=us-east-1');
  });
});

test('no cell can break out of its table, call anyone or point at an issue', () => {
  expect(cell('a|b\n`c` <b> [x](y) @me #1')).toBe(
    'a&#124;b &#96;c&#96; &lt;b&gt; &#91;x&#93;(y) &#64;&#8203;me &#35;&#8203;1',
  );
  expect(cell('x'.repeat(1000)).length).toBeLessThan(310);
  expect(code('</code><img src=x>')).toBe('<code>&lt;/code&gt;&lt;img src=x&gt;</code>');
});
