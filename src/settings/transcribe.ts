import { isAbsolute, join } from 'node:path';
import * as z from 'zod/mini';
import type { CueRules } from '../transcript/cue-rules.js';
import {
  badInputs,
  choice,
  decimal,
  flag,
  type Inputs,
  lines,
  listOf,
  matching,
  optional,
  parseInputs,
  text,
  whole,
  wholeNumber,
  wrong,
} from './inputs.js';
import { type PodcastSettings, podcastConflicts, podcastInputs, podcastSettings } from './podcast.js';
import { type CommonSettings, comment, common, commonSettings } from './shared.js';

export const formats = ['txt', 'srt', 'vtt', 'tsv', 'json', 'md', 'podcast', 'html'] as const;
export type Format = (typeof formats)[number];

/** What the container is told about a file, by the names that its custom attributes use. Only what is not its default. */
export interface TranscriptionOptions {
  language?: string;
  multilingual?: true;
  task?: 'translate';
  prompt?: string;
  hotwords?: string;
  word_timestamps?: true;
  vad?: false;
  channels?: 'split';
}

export interface TranscribeSettings extends CommonSettings {
  mode: 'transcribe';

  /** Globs relative to the workspace, and s3:// globs of objects. */
  files: string[];
  exclude: string[];
  changedOnly: boolean;
  ifNoFilesFound: 'fail' | 'warn' | 'ignore';
  /** Absolute path of the checked-out repository, or of the folder in it that `repository-path` names. */
  workspace: string;
  /** Whether ffmpeg may take the audio out of videos and of what is too large. */
  extractAudio: boolean;

  podcast: PodcastSettings;

  options: TranscriptionOptions;
  /** Names of the tracks of `channels: split`, in their order. */
  speakers: string[];

  /** What is transcribed again although it has a transcript. */
  redo: 'never' | 'changed' | 'all';
  /** Whether transcripts that were corrected by hand are written over. */
  overwrite: boolean;
  retryFailed: boolean;
  /** Globs of audio whose copies, results and transcripts are removed. */
  forget: string[];
  keepAudio: boolean;

  wait: boolean;
  waitMinutes: number;
  onError: 'fail' | 'warn';

  /** Relative to the workspace, with forward slashes. */
  outputFolder: string;
  formats: Format[];
  cues: { preset: 'auto' | 'standard' | 'podcast' | 'ja'; rules: Partial<CueRules> };
  /** Address under which the workspace's files can be heard, with a slash at its end; undefined: beside the page. */
  audioBaseUrl: string | undefined;

  publish: 'commit' | 'pull-request' | 'artifact' | 's3' | 'none';
  /** Where `publish: s3` puts them, the prefix with its slash; undefined: `transcripts/` in the endpoint's own folder. */
  publishTo: { bucket: string; prefix: string } | undefined;
  commitMessage: string;
  pullRequest: { branch: string; title: string };
  artifactName: string;
  /** File name or id of a workflow that is started after a push. */
  dispatchWorkflow: string | undefined;

  /** Of one instance, in the user's currency. */
  pricePerHour: number | undefined;
  /** Whether the pull request that the run is for is told. */
  comment: boolean;
  githubToken: string | undefined;
}

const OUTSIDE = 'without a leading slash or ..';
const isInside = (path: string) => !/^(?:[\\/]|[a-zA-Z]:)/.test(path) && !path.split(/[\\/]/).includes('..');
/** git check-ref-format, and no name that a command could take for an option. */
const BRANCH = /^(?![-/.])(?!.*(?:\.\.|\/\/|@\{|\/\.|\.lock(?:\/|$)))[^\s~^:?*[\\\p{Cc}]+(?<![/.])$/u;
const S3_FOLDER = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/** What is told of audio: of the run's by inputs, and by the same names of some of it in a `whisper.yml`. */
export const transcriptionInputs = {
  language: optional(/^[a-z]{2,3}$/, 'must be a language code of two or three letters, such as en or ja'),
  multilingual: flag,
  task: choice('transcribe', 'translate'),
  prompt: text,
  hotwords: text,
  'word-timestamps': flag,
  vad: flag,
  channels: choice('mix', 'split'),
  speakers: lines,
};

export type Transcription = {
  [Name in keyof typeof transcriptionInputs]: z.output<(typeof transcriptionInputs)[Name]>;
};

const schema = z.object({
  ...common,
  files: lines,
  exclude: lines,
  'changed-only': flag,
  'if-no-files-found': choice('fail', 'warn', 'ignore'),
  'repository-path': text.check(
    z.refine(isInside, { error: `must be a folder below the job's workspace, ${OUTSIDE}` }),
  ),
  'extract-audio': flag,
  ...podcastInputs,
  ...transcriptionInputs,
  redo: choice('never', 'changed', 'all'),
  overwrite: flag,
  'retry-failed': flag,
  forget: lines,
  'keep-audio': flag,
  wait: flag,
  'wait-minutes': wholeNumber(1, 8640, 340),
  'on-error': choice('fail', 'warn'),
  'output-folder': text.check(
    z.refine((path) => path !== '' && isInside(path), { error: `must be a folder in the workspace, ${OUTSIDE}` }),
  ),
  formats: listOf(formats),
  cues: choice('auto', 'standard', 'podcast', 'ja'),
  'line-characters': whole(8, 200),
  'cue-lines': whole(1, 10),
  'cue-seconds': decimal(0.5, 60),
  'cue-gap': decimal(0.05, 60),
  'audio-base-url': optional(/^https:\/\/[^\s"'<>?#]+$/, 'must be an address that begins with https://'),
  publish: choice('commit', 'pull-request', 'artifact', 's3', 'none'),
  'publish-uri': optional(S3_FOLDER, 'must be a folder in S3, as s3://bucket/transcripts/'),
  'commit-message': matching(/\S/, 'must be the message of the commit'),
  'pull-request-branch': matching(BRANCH, 'must be the name of a branch'),
  'pull-request-title': matching(/\S/, 'must be the title of the pull request'),
  'artifact-name': matching(/^[^"<>|*?\r\n\\/:]+$/, 'must be a name without " < > | * ? \\ / and :'),
  'dispatch-workflow': optional(/^[\w.-]+$/, 'must be the file name of a workflow, as pages.yml, or its id'),
  'price-per-hour': decimal(0, 1e6),
  comment,
  'github-token': text,
});

/**
 * @param root absolute path of the job's workspace
 * @throws UserError that lists every bad input
 */
export function transcribeSettings(inputs: Inputs, root: string): TranscribeSettings {
  const given = parseInputs(schema, inputs);
  requireWork(given, inputs);
  const to = S3_FOLDER.exec(given['publish-uri'] ?? '');
  return {
    mode: 'transcribe',
    ...commonSettings(given),
    files: given.files,
    exclude: given.exclude,
    changedOnly: given['changed-only'],
    ifNoFilesFound: given['if-no-files-found'],
    workspace: isAbsolute(root) ? join(root, given['repository-path']) : join(process.cwd(), root),
    extractAudio: given['extract-audio'],
    podcast: podcastSettings(given),
    options: optionsOf(given),
    speakers: given.speakers,
    redo: given.redo,
    overwrite: given.overwrite,
    retryFailed: given['retry-failed'],
    forget: given.forget,
    keepAudio: given['keep-audio'],
    wait: given.wait,
    waitMinutes: given['wait-minutes'],
    onError: given['on-error'],
    outputFolder: given['output-folder'].replace(/\\/g, '/').replace(/\/+$/, ''),
    formats: given.formats,
    cues: { preset: given.cues, rules: cueRulesOf(given) },
    audioBaseUrl: given['audio-base-url']?.replace(/\/*$/, '/'),
    publish: given.publish,
    publishTo:
      to?.[1] === undefined ? undefined : { bucket: to[1], prefix: (to[2] ?? '').replace(/(?<=[^/])\/*$/, '/') },
    commitMessage: given['commit-message'],
    pullRequest: { branch: given['pull-request-branch'], title: given['pull-request-title'] },
    artifactName: given['artifact-name'],
    dispatchWorkflow: given['dispatch-workflow'],
    pricePerHour: given['price-per-hour'],
    comment: given.comment === 'true',
    githubToken: given['github-token'] || undefined,
  };
}

type Given = z.output<typeof schema>;

/** Something to transcribe, or something to forget. */
function requireWork(given: Given, inputs: Inputs): void {
  const { files, feeds, forget, channels, speakers } = given;
  const bad = podcastConflicts(given);
  if (files.length === 0 && feeds.length === 0 && forget.length === 0) {
    const rule = 'must be one or more globs of audio files, such as audio/**/*.mp3, where there are no feeds';
    bad.push(wrong('files', inputs['files'] ?? '', rule));
  }
  if (speakers.length > 0 && channels !== 'split') {
    bad.push(
      wrong('speakers', speakers.join(', '), 'names the tracks of `channels: split` and does nothing without it'),
    );
  }
  if (bad.length > 0) throw badInputs(bad);
}

/** Only what differs from the container's defaults: the options are part of a result's key. */
export function optionsOf(given: Transcription): TranscriptionOptions {
  const { language, multilingual, task, prompt, hotwords, vad, channels } = given;
  return {
    ...(language !== undefined && { language }),
    ...(multilingual && { multilingual }),
    ...(task === 'translate' && { task }),
    ...(prompt !== '' && { prompt }),
    ...(hotwords !== '' && { hotwords }),
    ...(given['word-timestamps'] && { word_timestamps: true as const }),
    ...(!vad && { vad: false as const }),
    ...(channels === 'split' && { channels }),
  };
}

/** The other way: what was given for these options. */
export const transcriptionOf = (options: TranscriptionOptions, speakers: string[]): Transcription => ({
  language: options.language,
  multilingual: options.multilingual ?? false,
  task: options.task ?? 'transcribe',
  prompt: options.prompt ?? '',
  hotwords: options.hotwords ?? '',
  'word-timestamps': options.word_timestamps ?? false,
  vad: options.vad ?? true,
  channels: options.channels ?? 'mix',
  speakers,
});

function cueRulesOf(given: Given): Partial<CueRules> {
  const rules = {
    lineColumns: given['line-characters'],
    lines: given['cue-lines'],
    seconds: given['cue-seconds'],
    gapSeconds: given['cue-gap'],
  };
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
}
