import * as core from '@actions/core';
import type { Context } from '../context.js';
import { UserError } from '../errors.js';
import { openGit } from '../git/git.js';
import { type FileUrl, fileUrls } from '../github/file-url.js';
import type { TranscribeSettings } from '../settings/transcribe.js';
import type { FileReport, TranscribeResult } from '../transcribe/result.js';
import { writeSummary } from './summary.js';
import { queuedSeconds, transcribeSummary } from './transcribe-summary.js';

/** GitHub takes 1 MB an output. */
const OUTPUT_BYTES = 1_000_000;

/**
 * Sets the outputs, writes the job summary and, when asked for, the comment; then fails the step when a file failed
 * (unless `on-error: warn`) or nothing could be published.
 * @throws UserError that says what failed and what to do
 */
export async function reportTranscribe(
  context: Context,
  settings: TranscribeSettings,
  result: TranscribeResult,
): Promise<void> {
  for (const [name, value] of Object.entries(transcribeOutputs(result))) core.setOutput(name, value);
  const shown = { ...settings, fileUrl: await urlsOf(context, settings, result) };
  await writeSummary(transcribeSummary(shown, result));
  if (settings.comment) {
    const { tellPullRequest } = await import('./transcribe-comment.js');
    await tellPullRequest(context, shown, result);
  }
  tellPending(context, settings, result);
  if (result.problem) throw result.problem;
  const failed = result.files.filter(({ state }) => state === 'failed').length;
  if (failed > 0 && settings.onError === 'fail') {
    throw new UserError(
      `${failed} of ${result.files.length} files could not be transcribed; the annotations above say why.`,
      'Correct or leave out these files (inputs exclude and episode-titles) and run again. The other transcripts are published and are not paid for again. `on-error: warn` lets the step succeed all the same.',
    );
  }
}

/** Values of the outputs in action.yml, by name. Pure but for the warning about a list that is too long. */
function transcribeOutputs(result: TranscribeResult): Record<string, string | number> {
  const { files, commitSha, artifactId, published, pullRequest } = result;
  const count = (state: FileReport['state']) => files.filter((file) => file.state === state).length;
  return {
    'files-found': files.length,
    transcribed: count('transcribed'),
    reused: count('reused'),
    failed: count('failed'),
    pending: count('pending'),
    transcripts: listOutput(
      'transcripts',
      files.flatMap(({ transcripts }) => transcripts),
    ),
    'audio-seconds': rounded(files.reduce((sum, { duration = 0 }) => sum + duration, 0)) ?? 0,
    'commit-sha': commitSha ?? '',
    'artifact-id': artifactId ?? '',
    'pull-request-number': pullRequest?.number ?? '',
    'pull-request-url': pullRequest?.url ?? '',
    published: published ?? '',
    report: listOutput('report', files.map(reportOf)),
  };
}

/** One file of the output `report`; docs/transcribe.md tells the fields. */
function reportOf(file: FileReport) {
  const { audio, state, duration, language, words, inference, reason, transcripts, episode } = file;
  return {
    audio,
    state,
    seconds: rounded(duration),
    language,
    words,
    queuedSeconds: rounded(queuedSeconds(file)),
    inferenceSeconds: rounded(inference),
    reason,
    transcripts,
    episode: episode && {
      podcast: episode.podcast,
      title: episode.title,
      published: episode.published,
      link: episode.link,
      guid: episode.guid,
      audio: episode.audioUrl,
    },
  };
}

const rounded = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 1000) / 1000;

function listOutput(name: string, list: readonly unknown[]): string {
  const json = JSON.stringify(list);
  if (Buffer.byteLength(json) <= OUTPUT_BYTES) return json;
  core.warning(`The output ${name} is empty: its list of ${list.length} is longer than GitHub takes (1 MB).`);
  return '';
}

/** Where the transcripts can be looked at, once they are in a commit. */
async function urlsOf(
  { signal }: Context,
  { workspace }: TranscribeSettings,
  { commitSha }: TranscribeResult,
): Promise<FileUrl> {
  const none = () => undefined;
  const server = process.env['GITHUB_SERVER_URL'];
  if (!commitSha || !server || signal.aborted) return none;
  // A link less is no reason to fail.
  return fileUrls(openGit(workspace, signal), commitSha, server).catch(() => none);
}

/** What is left to the next run is no failure, and nobody should overlook it. */
function tellPending({ log, signal }: Context, { wait }: TranscribeSettings, { files, left }: TranscribeResult): void {
  const pending = files.filter(({ state }) => state === 'pending').length;
  // An interrupt says so itself.
  if (pending === 0 || signal.aborted) return;
  const line = `${pending} of ${files.length} files are not finished. ${left === undefined ? '' : `${left} `}The next run collects them, and pays for nothing twice.`;
  if (wait) log.warning(line);
  else log.notice(line);
}
