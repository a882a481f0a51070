import type { FileUrl } from '../github/file-url.js';
import { plural } from '../plural.js';
import type { FileReport, TranscribeResult } from '../transcribe/result.js';
import { money } from './cost.js';
import { failureBlock } from './failure.js';
import { cell, code, duration, link, table } from './markdown.js';
import { timeline } from './timeline.js';

export interface SummarySettings {
  endpointName: string;
  /** Of one instance, in the user's currency. */
  pricePerHour: number | undefined;
  /** Where the workspace's files are shown as they were published. */
  fileUrl: FileUrl;
}

/** What is beside the rows of the table needs less than the difference to GitHub's 1 MiB a step. */
const SUMMARY_BYTES = 900_000;

/** The job summary in Markdown: what became of each file, and when. It has the files' names, and no word of a text. Pure. */
export function transcribeSummary(settings: SummarySettings, result: TranscribeResult): string {
  const { files, instances, problem } = result;
  return [
    `## Transcripts of the endpoint ${code(settings.endpointName)}`,
    '',
    ...headlines(settings, result),
    ...(problem ? failureBlock(problem) : []),
    ...fileTable(settings, files, SUMMARY_BYTES),
    ...timeline(files, instances),
  ].join('\n');
}

/** How many files came to which end, how much audio that is, and what it cost. */
export function headlines({ pricePerHour }: SummarySettings, { files, published, left }: TranscribeResult): string[] {
  const count = (state: FileReport['state']) => files.filter((file) => file.state === state).length;
  const states = (['transcribed', 'reused', 'failed', 'pending'] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${state}`);
  const sum = (value: (file: FileReport) => number | undefined) =>
    files.reduce((total, file) => total + (value(file) ?? 0), 0);
  const worked = sum(({ inference }) => inference);
  const heard = sum((file) => (file.inference === undefined ? 0 : file.duration));
  return [
    `**${plural(files.length, 'file')}**: ${states.join(', ') || 'nothing to do'}. ${clock(sum((file) => file.duration))} of audio.`,
    '',
    ...(worked > 0 ? [`The endpoint worked ${duration(worked)} on ${clock(heard)} of audio.`, ''] : []),
    ...(worked > 0 && pricePerHour !== undefined ? [`${costOf(worked, pricePerHour)} ${ESTIMATE}`, ''] : []),
    ...(published === undefined ? [] : [`Published: ${WAYS[published]}.`, '']),
    ...(left === undefined ? [] : [`${cell(left)} The next run collects what is pending.`, '']),
  ];
}

const WAYS = {
  commit: 'as a commit',
  'pull-request': 'as a pull request',
  artifact: 'as an artifact of this run',
  s3: 'in S3',
} as const;

const costOf = (seconds: number, pricePerHour: number): string =>
  `That cost about ${money((seconds * pricePerHour) / 3600)}.`;
const ESTIMATE =
  'An estimate: seconds of inference times `price-per-hour`, without the start of the instance and the minutes that it stays after its work.';

/**
 * The files, those that failed first: what a person has to see must not be cut off. As many as fit into so many bytes;
 * then how many more there are.
 */
export function fileTable(settings: SummarySettings, files: readonly FileReport[], bytes: number): string[] {
  if (files.length === 0) return [];
  const columns = columnsOf(settings, files);
  const order = ['failed', 'pending', 'transcribed', 'reused'];
  const sorted = files.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const rows: string[][] = [];
  let used = 0;
  for (const file of sorted) {
    const row = columns.map(([, value]) => value(file));
    used += Buffer.byteLength(row.join(' | ')) + 8;
    if (used > bytes || rows.length === MOST_ROWS) break;
    rows.push(row);
  }
  const rest = files.length - rows.length;
  const heads = columns.map(([head]) => head);
  return [table(heads, rows), '', ...(rest > 0 ? [`And ${plural(rest, 'more file')}.`, ''] : [])];
}

/** As many as a table shows. */
const MOST_ROWS = 500;

type Column = [head: string, value: (file: FileReport) => string];

/** Without those that no file has anything for. */
function columnsOf({ pricePerHour, fileUrl }: SummarySettings, files: readonly FileReport[]): Column[] {
  const sent = files.some(({ timing }) => timing !== undefined);
  const worked = files.some(({ inference }) => inference !== undefined);
  const known = files.some((file) => file.duration !== undefined);
  const written = files.some(({ transcripts }) => transcripts.length > 0);
  const columns: [boolean, ...Column][] = [
    [true, 'File', ({ audio }) => link(audio, fileUrl(audio))],
    [true, 'State', ({ state, reason }) => (reason === undefined ? state : `${state}: ${cell(reason)}`)],
    [known, 'Length', (file) => (file.duration === undefined ? '' : clock(file.duration))],
    [known, 'Language', ({ language }) => cell(language ?? '')],
    [known, 'Words', ({ words }) => String(words ?? '')],
    [sent, 'Queued', (file) => shownSeconds(queuedSeconds(file))],
    [worked, 'Running', ({ inference }) => shownSeconds(inference)],
    [worked, 'Speed', speedOf],
    [
      worked && pricePerHour !== undefined,
      'Cost',
      ({ inference }) => (inference === undefined ? '' : money((inference * (pricePerHour ?? 0)) / 3600)),
    ],
    [
      written,
      'Transcripts',
      ({ transcripts }) => transcripts.map((path) => link(formatOf(path), fileUrl(path))).join(' '),
    ],
  ];
  return columns.filter(([wanted]) => wanted).map(([, head, value]) => [head, value]);
}

/** Seconds between the request and the begin of the work; undefined: this run did not send it. */
export function queuedSeconds({ timing, inference = 0 }: FileReport): number | undefined {
  return timing && Math.max((timing.answered - timing.sent) / 1000 - inference, 0);
}

const shownSeconds = (seconds: number | undefined): string => (seconds === undefined ? '' : duration(seconds));

/** Times real time. */
function speedOf({ duration, inference }: FileReport): string {
  if (duration === undefined || inference === undefined || inference === 0) return '';
  const speed = duration / inference;
  return `${speed.toFixed(speed < 10 ? 1 : 0)}×`;
}

/** The extension, `podcast.json` whole: the file's name stands in the row already. */
const formatOf = (path: string): string => /\.(podcast\.json|[^./]+)$/.exec(path)?.[1] ?? path;

/** `h:mm:ss` */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
