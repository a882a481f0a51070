/**
 * Repositories of the well-known models in CTranslate2 format: faster-whisper 1.2.1, `_MODELS` in utils.py. Its name for
 * turbo, mobiuslabsgmbh/…, is redirected to the one here since its owner renamed itself: the name that was given up is
 * not the one to trust.
 */
const REPOSITORIES: Readonly<Record<string, string>> = {
  'tiny.en': 'Systran/faster-whisper-tiny.en',
  tiny: 'Systran/faster-whisper-tiny',
  'base.en': 'Systran/faster-whisper-base.en',
  base: 'Systran/faster-whisper-base',
  'small.en': 'Systran/faster-whisper-small.en',
  small: 'Systran/faster-whisper-small',
  'medium.en': 'Systran/faster-whisper-medium.en',
  medium: 'Systran/faster-whisper-medium',
  'large-v1': 'Systran/faster-whisper-large-v1',
  'large-v2': 'Systran/faster-whisper-large-v2',
  'large-v3': 'Systran/faster-whisper-large-v3',
  large: 'Systran/faster-whisper-large-v3',
  'distil-large-v2': 'Systran/faster-distil-whisper-large-v2',
  'distil-medium.en': 'Systran/faster-distil-whisper-medium.en',
  'distil-small.en': 'Systran/faster-distil-whisper-small.en',
  'distil-large-v3': 'Systran/faster-distil-whisper-large-v3',
  'distil-large-v3.5': 'distil-whisper/distil-large-v3.5-ct2',
  'large-v3-turbo': 'dropbox-dash/faster-whisper-large-v3-turbo',
  turbo: 'dropbox-dash/faster-whisper-large-v3-turbo',
};

export const modelNames: readonly string[] = Object.keys(REPOSITORIES);

/** The hub's repository of a model: by its well-known name, or as given (`owner/name`). `undefined`: neither. */
export function repositoryOf(model: string): string | undefined {
  if (Object.hasOwn(REPOSITORIES, model)) return REPOSITORIES[model];
  return /^[\w.-]+\/[\w.-]+$/.test(model) ? model : undefined;
}
