import { plural } from '../plural.js';
import type { FileReport, InstanceCount } from '../transcribe/result.js';

/** Rows of a chart that can still be read; Mermaid takes 50,000 characters of text. */
const MOST_FILES = 50;
const LONGEST_NAME = 32;

type Timed = FileReport & Required<Pick<FileReport, 'timing'>>;

/**
 * A Gantt chart in Mermaid: how many instances there were, and how long each file waited and was worked on. Empty when no
 * file was sent. Syntax: mermaid.js.org/syntax/gantt.html. Pure.
 */
export function timeline(files: readonly FileReport[], instances: readonly InstanceCount[]): string[] {
  const timed = files
    .filter((file): file is Timed => file.timing !== undefined)
    .sort((a, b) => a.timing.answered - b.timing.answered);
  const last = timed.at(-1);
  if (!last) return [];
  const shown = timed.slice(0, MOST_FILES);
  const rest = timed.slice(MOST_FILES);
  const begin = Math.min(...timed.map(({ timing }) => timing.sent));
  const named = uniqueNames();
  return [
    '```mermaid',
    '---',
    'displayMode: compact',
    'config:',
    '  gantt:',
    '    leftPadding: 230',
    '---',
    'gantt',
    '  dateFormat x',
    `  axisFormat ${last.timing.answered - begin < 10 * 60_000 ? '%H:%M:%S' : '%H:%M'}`,
    '  todayMarker off',
    ...instanceBars(instances, begin, last.timing.answered),
    ...shown.flatMap((file) => [`  section ${named(file.audio)}`, ...barsOf(file)]),
    ...(rest.length > 0 ? [`  section ${rest.length} more`, bar('all of them', 'active, ', ...extent(rest))] : []),
    '```',
    '',
  ];
}

/** One task of the chart; times in milliseconds since the epoch. The tags are three of Mermaid's colours. */
const bar = (text: string, tag: '' | 'done, ' | 'active, ', from: number, to: number): string =>
  `  ${text} :${tag}${Math.round(from)}, ${Math.round(Math.max(to, from + 1))}`;

/** The wait in grey, the work in colour. */
function barsOf({ timing: { sent, answered }, inference }: Timed): string[] {
  if (inference === undefined) return [bar('sent to answered', 'active, ', sent, answered)];
  const begun = Math.max(sent, answered - inference * 1000);
  return [bar('queue', 'done, ', sent, begun), bar('inference', 'active, ', begun, answered)];
}

const extent = (files: readonly Timed[]): [number, number] => [
  Math.min(...files.map(({ timing }) => timing.sent)),
  Math.max(...files.map(({ timing }) => timing.answered)),
];

/** What was seen until a file was sent counts from then on. */
function instanceBars(seen: readonly InstanceCount[], begin: number, end: number): string[] {
  const bars = seen.flatMap(({ at, instances }, index) => {
    const from = Math.max(at, begin);
    const to = Math.min(seen[index + 1]?.at ?? end, end);
    return instances > 0 && to > from ? [bar(plural(instances, 'instance'), '', from, to)] : [];
  });
  return bars.length > 0 ? ['  section Instances', ...bars] : [];
}

/** The end of a path, which tells files apart, and a number where it does not: Mermaid joins sections of one name. */
function uniqueNames(): (path: string) => string {
  const used = new Map<string, number>();
  return (path) => {
    const name = path.length > LONGEST_NAME ? `…${path.slice(1 - LONGEST_NAME)}` : path;
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return plain(count === 1 ? name : `${name} (${count})`);
  };
}

/**
 * Text that is nothing but text in Mermaid: what has a meaning there is written as an entity code (`#35;` for #), and
 * control characters are blanks.
 */
const plain = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ')
    .replace(/[^\p{L}\p{M}\p{N}\p{Extended_Pictographic} ./_()…-]/gu, (sign) => `#${sign.codePointAt(0)};`);
