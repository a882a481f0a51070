import { expect, test } from '@jest/globals';
import { differences } from '../../../src/deploy/difference.js';
import { withoutSecrets } from '../../../src/deploy/secret-like.js';

test.each([
  ['PrimaryContainer.Environment.HF_TOKEN', 'x'],
  ['PrimaryContainer.Environment.ANYTHING_BY_HAND', 'x'],
  ['Tags.db_password', 'x'],
  ['Some.ApiKey', 'x'],
  ['PrimaryContainer.Environment.WHISPER_MODEL', 'hf_AbCdEfGhIjKlMnOp'],
  ['Any', 'ghp_0123456789abcdef'],
  ['Any', 'AKIAIOSFODNN7EXAMPLE'],
  ['Any', 'https://user:password@hub.example/'],
  ['Any', 'eyJhbGciOiJIUzI1NiJ9.e30.x'],
])('%s: %s is not shown', (path, value) => {
  expect(withoutSecrets(path, value)).toBe('***');
});

test.each([
  ['PrimaryContainer.Environment.WHISPER_MODEL', 'large-v3-turbo'],
  ['KmsKeyId', 'arn:aws:kms:us-east-1:123456789012:key/0'],
  ['PrimaryContainer.Image', '123456789012.dkr.ecr.us-east-1.amazonaws.com/whisper@sha256:0'],
  ['PrimaryContainer.ModelDataSource.S3DataSource.S3Uri', 's3://bucket/whisper/models/0/'],
  ['InitialInstanceCount', 1],
])('%s: %s is shown', (path, value) => {
  expect(withoutSecrets(path, value)).toBe(value);
});

test('nor in what is shown whole', () => {
  const container = { Environment: { HF_TOKEN: 'hf_1', WHISPER_MODEL: 'base' } };
  expect(differences(undefined, container, 'PrimaryContainer')).toEqual([
    { field: 'PrimaryContainer', old: '{"Environment":{"HF_TOKEN":"***","WHISPER_MODEL":"base"}}', new: '' },
  ]);
});
