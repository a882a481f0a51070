import * as core from '@actions/core';
import { UserError } from '../errors.js';
import { shown } from '../shown.js';
import type { FileReport, TranscribeResult } from '../transcribe/result.js';

/** GitHub takes 1 MiB of summary a step, and 1 MB an output. */
const SUMMARY_BYTES = 900_000;
const OUTPUT_BYTES = 1_000_000;

/**
 * Sets the outputs and writes the job summary; then fails the step when a file failed or nothing could be published.
 * @throws UserError that says what failed and what to do
 */
export async function reportTranscribe(result: TranscribeResult): Promise<void> {
  setOutputs(result);
  if (process.env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(summaryOf(result)).write();
  if (result.problem) throw result.problem;
  const failed = result.files.filter(({ state }) => state === 'failed').length;
  if (failed > 0) {
    throw new UserError(
      `${failed} of ${result.files.length} files could not be transcribed; the annotations above say why.`,
      'Correct or leave out these files (input exclude) and run again. The other transcripts are published and are not paid for again.',
    );
  }
}

function setOutputs({ files, commitSha, artifactId }: TranscribeResult): void {
  const count = (state: FileReport['state']) => files.filter((file) => file.state === state).length;
  core.setOutput('files-found', files.length);
  for (const state of ['transcribed', 'reused', 'failed', 'pending'] as const) core.setOutput(state, count(state));
  core.setOutput('transcripts', transcriptList(files));
  core.setOutput('audio-seconds', secondsOf(files));
  core.setOutput('commit-sha', commitSha ?? '');
  core.setOutput('artifact-id', artifactId ?? '');
}

function transcriptList(files: readonly FileReport[]): string {
  const paths = files.flatMap(({ transcripts }) => transcripts);
  const list = JSON.stringify(paths);
  if (Buffer.byteLength(list) <= OUTPUT_BYTES) return list;
  core.warning(
    `The output transcripts is empty: the list of ${paths.length} files is longer than GitHub takes (1 MB).`,
  );
  return '';
}

const secondsOf = (files: readonly FileReport[]): number =>
  Math.round(files.reduce((sum, { duration = 0 }) => sum + duration, 0) * 1000) / 1000;

/** The job summary, as HTML: Markdown would read the files' names. */
export function summaryOf(result: TranscribeResult): string {
  const { files } = result;
  const head = `<h3>Transcripts</h3>\n<p>${files.length} files, ${length(secondsOf(files))} of audio.</p>\n`;
  const columns = ['File', 'Length', 'Language', 'Words', 'State'].map((name) => `<th>${name}</th>`).join('');
  const rows: string[] = [];
  let bytes = 0;
  for (const file of files) {
    const row = rowOf(file);
    bytes += Buffer.byteLength(row);
    if (bytes > SUMMARY_BYTES) break;
    rows.push(row);
  }
  const rest = files.length - rows.length;
  const more = rest > 0 ? `<p>And ${rest} more.</p>\n` : '';
  const problem = result.problem ? `<p>${escaped(`${result.problem.message} ${result.problem.remedy}`)}</p>\n` : '';
  return `${head}${problem}<table><tr>${columns}</tr>\n${rows.join('')}</table>\n${more}`;
}

function rowOf({ audio, duration, language, words, state, reason }: FileReport): string {
  const said = reason === undefined ? state : `${state}: ${reason}`;
  const cells = [audio, duration === undefined ? '' : length(duration), language ?? '', words ?? '', said];
  return `<tr>${cells.map((cell) => `<td>${escaped(String(cell))}</td>`).join('')}</tr>\n`;
}

/** `h:mm:ss` */
function length(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escaped = (text: string): string => shown(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
