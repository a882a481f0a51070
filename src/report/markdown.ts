const LONGEST = 300;

/** Text that can be nothing else in Markdown: no pipe, no HTML, no line break, no markup. */
export function cell(text: string, longest = LONGEST): string {
  return (
    escaped(text, longest)
      // GitHub looks for names and numbers once entities are read; an invisible space keeps it from calling anyone.
      .replace(/(&#(?:64|35);)(?=\w)/g, '$1&#8203;')
  );
}

/** Text as code, in which GitHub looks for nothing. Empty text is nothing at all. */
export const code = (text: string): string => (text === '' ? '' : `<code>${escaped(text, LONGEST)}</code>`);

/** Text as code that leads to an address, when there is one. The address is ours, and encoded. */
export const link = (text: string, url: string | undefined): string =>
  url === undefined ? code(text) : `[${code(text)}](<${url}>)`;

function escaped(text: string, longest: number): string {
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return short
    .replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|~#@]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** GitHub takes 1 MiB of summary a step; outputs and log have all rows. */
const ROWS = 500;

/** A table of escaped cells. */
export function table(heads: readonly string[], rows: readonly string[][]): string {
  const lines = [heads, heads.map(() => '---'), ...rows.slice(0, ROWS)].map((row) => `| ${row.join(' | ')} |`);
  const more = rows.length > ROWS ? ['', `And ${rows.length - ROWS} more.`] : [];
  return [...lines, ...more].join('\n');
}

export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
}

/** How long each step took, folded up. */
export function stepTimes(steps: readonly { step: string; seconds: number; failed: boolean }[]): string[] {
  if (steps.length === 0) return [];
  const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  const rows = steps.map(({ step, seconds, failed }) => [
    cell(step),
    `${duration(seconds)}${failed ? ', failed' : ''}`,
  ]);
  return [`<details><summary>${duration(total)}</summary>`, '', table(['Step', 'Time'], rows), '', '</details>', ''];
}
