import { plural } from '../../plural.js';
import { shown } from '../../shown.js';

/** GitHub takes 65,536 characters. */
const LONGEST = 65_000;

export interface Told {
  /** Paths of all files that a merge would change. */
  files: readonly string[];
  /** Address of the run. */
  run: string | undefined;
}

/**
 * Text of the pull request, in Markdown. The names stand in a block of code, in which GitHub reads nothing: no markup,
 * no mention, no reference to an issue. Pure.
 */
export function pullRequestBody({ files, run }: Told): string {
  const by = run === undefined ? '.' : ` by [this run](<${run}>).`;
  const head = `${plural(files.length, 'file')}, last brought up to date${by} Later runs add to this pull request until it is merged.`;
  const names = [...files].sort().map(shown);
  const runs = names.flatMap((name) => name.match(/`+/g) ?? []);
  const fence = '`'.repeat(runs.reduce((longest, { length }) => Math.max(longest, length + 1), 3));
  const lines: string[] = [];
  let left = LONGEST - head.length - 2 * fence.length;
  for (const name of names) {
    left -= name.length + 1;
    if (left < 0) break;
    lines.push(name);
  }
  const rest = names.length - lines.length;
  return [head, '', `${fence}text`, ...lines, fence, ...(rest > 0 ? ['', `And ${rest} more.`] : [])].join('\n');
}
