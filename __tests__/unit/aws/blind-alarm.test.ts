import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import { expect, test } from '@jest/globals';
import { hasRunLong } from '../../../src/aws/blind-alarm.js';

const NOW = Date.UTC(2026, 10, 23, 6);
const endpoint = (minutes: number, instances: number, EndpointStatus = 'InService') =>
  ({
    EndpointStatus,
    LastModifiedTime: new Date(NOW - minutes * 60_000),
    ProductionVariants: [{ CurrentInstanceCount: instances }],
  }) as DescribeEndpointOutput;

test.each<[string, boolean, DescribeEndpointOutput]>([
  ['an instance that has run for a quarter of an hour', true, endpoint(15, 1)],
  ['one that has just come: its metrics are late', false, endpoint(11, 1)],
  ['no instance', false, endpoint(600, 0)],
  ['an endpoint in a change', false, endpoint(15, 1, 'Updating')],
  ['one of which SageMaker says nothing', false, {} as DescribeEndpointOutput],
])('whether the idle alarm should have seen %s: %s', (_, expected, described) => {
  expect(hasRunLong(described, NOW)).toBe(expected);
});
