import * as z from 'zod/mini';
import {
  choice,
  flag,
  type Inputs,
  lines,
  listOf,
  matching,
  optional,
  parseInputs,
  text,
  wholeNumber,
} from './inputs.js';
import { type CommonSettings, common, commonSettings } from './shared.js';

export const formats = ['txt', 'srt', 'vtt', 'json'] as const;
export type Format = (typeof formats)[number];

/** What the container is told about a file, by the names that its custom attributes use. */
export interface TranscriptionOptions {
  language?: string;
  task?: 'translate';
  prompt?: string;
  hotwords?: string;
}

export interface TranscribeSettings extends CommonSettings {
  mode: 'transcribe';
  waitMinutes: number;
  /** Globs, relative to the workspace. */
  files: string[];
  exclude: string[];
  /** Relative to the workspace, with forward slashes. */
  outputFolder: string;
  formats: Format[];
  options: TranscriptionOptions;
  retryFailed: boolean;
  publish: 'commit' | 'artifact' | 'none';
  commitMessage: string;
  artifactName: string;
  /** Absolute path of the checked-out repository. */
  workspace: string;
}

const schema = z.object({
  ...common,
  'wait-minutes': wholeNumber(1, 8640, 340),
  files: lines.check(
    z.refine((globs) => globs.length > 0, {
      error: 'must be one or more globs of audio files, such as audio/**/*.mp3',
    }),
  ),
  exclude: lines,
  'output-folder': text.check(
    z.refine((path) => path !== '' && !/^(?:[\\/]|[a-zA-Z]:)/.test(path) && !path.split(/[\\/]/).includes('..'), {
      error: 'must be a folder in the workspace, without a leading slash or ..',
    }),
  ),
  formats: listOf(formats),
  language: optional(/^[a-z]{2,3}$/, 'must be a language code of two or three letters, such as en or ja'),
  task: choice('transcribe', 'translate'),
  prompt: text,
  hotwords: text,
  'retry-failed': flag,
  publish: choice('commit', 'artifact', 'none'),
  'commit-message': matching(/\S/, 'must be the message of the commit'),
  'artifact-name': matching(/^[^"<>|*?\r\n\\/:]+$/, 'must be a name without " < > | * ? \\ / and :'),
});

/** @throws UserError that lists every bad input */
export function transcribeSettings(inputs: Inputs, workspace: string): TranscribeSettings {
  const given = parseInputs(schema, inputs);
  const { language, task, prompt, hotwords } = given;
  return {
    mode: 'transcribe',
    ...commonSettings(given),
    waitMinutes: given['wait-minutes'],
    files: given.files,
    exclude: given.exclude,
    outputFolder: given['output-folder'].replace(/\\/g, '/').replace(/\/+$/, ''),
    formats: given.formats,
    // Only what differs from the container's defaults: the options are part of a result's key.
    options: {
      ...(language !== undefined && { language }),
      ...(task === 'translate' && { task }),
      ...(prompt !== '' && { prompt }),
      ...(hotwords !== '' && { hotwords }),
    },
    retryFailed: given['retry-failed'],
    publish: given.publish,
    commitMessage: given['commit-message'],
    artifactName: given['artifact-name'],
    workspace,
  };
}
