import type { PodcastSettings } from '../../src/settings/podcast.js';
import type { TranscribeSettings } from '../../src/settings/transcribe.js';

/** Settings of a transcription as action.yml's defaults make them, for tests that start behind the settings. */
export function transcribeSettings(overrides: Partial<TranscribeSettings> = {}): TranscribeSettings {
  return {
    mode: 'transcribe',
    endpointName: 'whisper',
    region: 'us-east-1',
    allowedAccountId: undefined,
    roleToAssume: undefined,
    files: ['audio/**'],
    exclude: [],
    changedOnly: false,
    ifNoFilesFound: 'fail',
    workspace: '/nowhere',
    extractAudio: false,
    podcast: podcastSettings(),
    options: {},
    speakers: [],
    redo: 'never',
    overwrite: false,
    retryFailed: false,
    forget: [],
    keepAudio: false,
    wait: true,
    waitMinutes: 340,
    onError: 'fail',
    outputFolder: 'transcripts',
    formats: ['txt', 'srt', 'vtt', 'json'],
    cues: { preset: 'auto', rules: {} },
    audioBaseUrl: undefined,
    publish: 'none',
    publishTo: undefined,
    commitMessage: 'Add {count} transcripts',
    pullRequest: { branch: 'whisper-sagemaker/transcripts', title: 'Transcripts' },
    artifactName: 'transcripts',
    dispatchWorkflow: undefined,
    pricePerHour: undefined,
    comment: false,
    githubToken: undefined,
    ...overrides,
  };
}

/** The same for what is said of podcasts. */
export const podcastSettings = (overrides: Partial<PodcastSettings> = {}): PodcastSettings => ({
  feeds: [],
  maxEpisodes: 5,
  titles: [],
  since: undefined,
  until: undefined,
  transcribed: 'skip',
  publicBaseUrl: undefined,
  feedCopy: 'none',
  allowPrivateAddresses: false,
  ...overrides,
});
