import { describe, expect, test } from '@jest/globals';
import { modelNames } from '../../../src/hub/names.js';
import { requireAble } from '../../../src/transcribe/submit/model-limits.js';

const refused = (model: string, options: Parameters<typeof requireAble>[1]): boolean => {
  try {
    requireAble(model, options);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ name: 'UserError', remedy: expect.stringContaining('model: large-v3') });
    return true;
  }
};

describe('what a model would do wrong without saying so', () => {
  test('of the well-known ones, which translate and which know other languages than English', () => {
    expect(modelNames.filter((name) => !refused(name, { task: 'translate' }))).toEqual(
      'tiny base small medium large-v1 large-v2 large-v3 large'.split(' '),
    );
    expect(modelNames.filter((name) => refused(name, { language: 'ja' }))).toEqual(
      modelNames.filter((name) => name.endsWith('.en') || name.startsWith('distil-')),
    );
  });

  test.each(['deepdml/faster-whisper-large-v3-turbo-ct2', 'someone/whisper-turbo-german'])(
    '%s does not translate',
    (model) => {
      expect(refused(model, { task: 'translate' })).toBe(true);
      expect(refused(model, { language: 'de' })).toBe(false);
    },
  );

  test.each([
    'Systran/faster-whisper-medium.en',
    'Systran/faster-distil-whisper-large-v3',
    'distil-whisper/distil-large-v3.5-ct2',
    'distil-large-v3-ct2',
    'someone/whisper-small.en-ct2',
  ])('%s is for English', (model) => {
    expect(refused(model, { language: 'de' })).toBe(true);
    expect(refused(model, { multilingual: true })).toBe(true);
    expect(refused(model, { task: 'translate' })).toBe(true);
    expect(refused(model, { language: 'en' })).toBe(false);
    expect(refused(model, {})).toBe(false);
  });
});

test.each([
  'weights',
  'someone/distil-whisper-large-v3-de-ct2',
  'kotoba-tech/kotoba-whisper-v2.0-faster',
  'Systran/faster-whisper-large-v3',
])('%s is left to try', (model) => {
  expect(refused(model, { language: 'de', multilingual: true })).toBe(false);
  expect(refused(model, { task: 'translate' })).toBe(false);
});
