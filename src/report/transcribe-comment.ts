import type { Context } from '../context.js';
import { currentPullRequest, type PullRequest, writeComment } from '../github/comment.js';
import type { TranscribeSettings } from '../settings/transcribe.js';
import type { TranscribeResult } from '../transcribe/result.js';
import { withoutAccounts } from './accounts.js';
import { code } from './markdown.js';
import { fileTable, headlines, type SummarySettings } from './transcribe-summary.js';

type Settings = Pick<TranscribeSettings, 'githubToken' | 'outputFolder' | 'region'> & SummarySettings;

/** Tells what became of the files in one comment on the pull request that the run is for, if it is for one. Never fails. */
export async function tellPullRequest(context: Context, settings: Settings, result: TranscribeResult): Promise<void> {
  const pullRequest = await currentPullRequest();
  // A run that was stopped has seconds left, and tells it another time.
  if (!pullRequest || context.signal.aborted) return;
  const marker = markerOf(settings);
  const body = `${marker}\n${commentOf(settings, context.account, result, pullRequest)}`;
  await writeComment(context, { subject: 'The outcome', token: settings.githubToken, pullRequest, marker, body });
}

/** What the comment of an endpoint and an output folder is found again by; it does not show. */
const markerOf = ({ endpointName, region, outputFolder }: Settings): string =>
  // Two dashes end an HTML comment, and a folder's name is free.
  `<!-- whisper-sagemaker transcribe: ${endpointName} ${region} ${encodeURIComponent(outputFolder).replaceAll('-', '%2D')} -->`;

/** GitHub takes 65,536 characters in a comment; the rest of it needs less than what is left. */
const TABLE_BYTES = 60_000;

/** The comment in Markdown. Everybody who sees the repository reads it: no account ids, no error's text. Pure. */
export function commentOf(
  settings: Settings,
  account: string,
  result: TranscribeResult,
  { head, run }: Pick<PullRequest, 'head' | 'run'>,
): string {
  const lines = [
    `### Transcripts in ${code(settings.outputFolder)}`,
    '',
    ...headlines(settings, result),
    ...(result.problem ? ["They could not be published. The job's log says why.", ''] : []),
    ...fileTable(settings, result.files, TABLE_BYTES),
    `Of commit ${code(head.slice(0, 12))}, by the endpoint ${code(settings.endpointName)} in [this job](<${run}>).`,
  ];
  return withoutAccounts(lines.join('\n'), account);
}
