import { expect, test } from '@jest/globals';
import { modelNames, repositoryOf } from '../../../src/hub/names.js';
import { pauseAfter } from '../../../src/hub/patient-fetch.js';

test('a well-known name, or a repository as it is', () => {
  expect(repositoryOf('turbo')).toBe('dropbox-dash/faster-whisper-large-v3-turbo');
  expect(repositoryOf('large-v3-turbo')).toBe('dropbox-dash/faster-whisper-large-v3-turbo');
  expect(repositoryOf('tiny.en')).toBe('Systran/faster-whisper-tiny.en');
  expect(repositoryOf('distil-large-v3.5')).toBe('distil-whisper/distil-large-v3.5-ct2');
  expect(repositoryOf('somebody/whisper-ct2')).toBe('somebody/whisper-ct2');
  expect(modelNames.every((name) => repositoryOf(name)?.includes('/'))).toBe(true);
});

test('nothing else', () => {
  for (const model of ['large-v9', 'a/b/c', 'toString', 'owner/na me', 'https://x/y']) {
    expect(repositoryOf(model)).toBeUndefined();
  }
});

test('pauses double, obey the hub, and have an end', () => {
  expect([1, 2, 3, 4].map((attempt) => pauseAfter(attempt, null))).toEqual([1000, 2000, 4000, 8000]);
  expect(pauseAfter(1, '7')).toBe(7000);
  expect(pauseAfter(1, '100000')).toBe(60_000);
  expect(pauseAfter(1, 'Wed, 21 Oct 2026 07:28:00 GMT')).toBe(1000);
});
