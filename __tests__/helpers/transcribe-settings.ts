import type { TranscribeSettings } from '../../src/settings/transcribe.js';

/** Settings of a transcription as action.yml's defaults make them, for tests that start behind the settings. */
export function transcribeSettings(overrides: Partial<TranscribeSettings> = {}): TranscribeSettings {
  return {
    mode: 'transcribe',
    endpointName: 'whisper',
    region: 'us-east-1',
    allowedAccountId: undefined,
    roleToAssume: undefined,
    waitMinutes: 340,
    files: ['audio/**'],
    exclude: [],
    outputFolder: 'transcripts',
    formats: ['txt', 'srt', 'vtt', 'json'],
    options: {},
    retryFailed: false,
    publish: 'none',
    commitMessage: 'Add {count} transcripts',
    artifactName: 'transcripts',
    workspace: '/nowhere',
    ...overrides,
  };
}
