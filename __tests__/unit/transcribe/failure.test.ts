import { describe, expect, test } from '@jest/globals';
import { parseFailure } from '../../../src/transcribe/collect/failure.js';

const body = '{"error":{"code":"bad_audio","message":"no audio stream in \\"x\\""}}';
const wrapped = (kind: string, status: number, inner: string) =>
  `Received ${kind} error (${status}) from primary with message "${inner}". See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group=/aws/sagemaker/Endpoints/whisper in account 123456789012 for more information.`;

describe('what the container refuses is remembered', () => {
  test.each([
    ['as SageMaker writes it', wrapped('client', 400, body)],
    ['with escaped quotes', wrapped('client', 400, JSON.stringify(body).slice(1, -1))],
    ['in a JSON document', JSON.stringify({ failureReason: `ClientError: ${wrapped('client', 400, body)}` })],
    ['alone', body],
  ])('%s', (_, text) => {
    const { verdict, reason } = parseFailure(text);
    expect(verdict).toBe('refuse');
    expect(reason).toContain('no audio stream in');
    expect(reason).toMatch(/\(bad_audio\)$/);
  });

  test('cut off in its middle', () => {
    const cut = wrapped('client', 415, body).slice(0, 100);
    expect(parseFailure(cut)).toMatchObject({ verdict: 'refuse', reason: expect.stringContaining('(bad_audio)') });
  });
});

describe('everything else is tried again', () => {
  test.each([
    [
      'our own fault',
      wrapped('server', 500, '{"error":{"code":"internal","message":"out of memory"}}'),
      'with 500: out of memory',
    ],
    ['our own fault, alone', '{"error":{"code":"internal","message":"out of memory"}}', 'failed: out of memory'],
    ['a 4xx that is not from our container', wrapped('client', 424, '<html>'), 'with 424'],
    ['no answer', wrapped('server', 0, 'Your invocation timed out while waiting for a response'), 'timed out'],
    ['a download that failed', 'ClientError: Failed to download data from s3://b/k.', 'Failed to download data'],
    ['nothing', '', 'no reason given'],
  ])('%s', (_, text, words) => {
    expect(parseFailure(text)).toEqual({ verdict: 'retry', reason: expect.stringContaining(words) });
  });

  test('with a reason of a length that can be read', () => {
    expect(parseFailure('x'.repeat(10_000)).reason.length).toBeLessThan(400);
  });
});
