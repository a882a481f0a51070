import { expect, test } from '@jest/globals';
import { modelNames, repositoryOf } from '../../../src/hub/names.js';

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
