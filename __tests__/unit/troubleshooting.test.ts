import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

const sources = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.startsWith('tests'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));

/** What is filled in becomes `…`, from the innermost on; escaped quotes become themselves. */
function withGaps(source: string, gap: RegExp): string {
  const next = source.replace(gap, '…');
  return next === source ? source.replace(/\\([`'"])/g, '$1') : withGaps(next, gap);
}

/** All messages: what a template of TypeScript or an f-string of Python fills in is `…`. */
const messages = [
  ...sources('src', '.ts').map((source) => withGaps(source, /\$\{[^{}]*\}/g)),
  ...sources('container', '.py').map((source) => withGaps(source, /\{[^{}\n]*\}/g)),
]
  .join('\n')
  .replaceAll(/…+/g, '…');

const isSaid = (quote: string): boolean => messages.includes(quote);

const quotes = Array.from(
  readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8').matchAll(/^> (.+)$/gm),
  ([, quote = '']) => quote,
);

test('the page quotes messages', () => expect(quotes.length).toBeGreaterThan(50));

test.each(quotes)('the source says: %s', (quote) => {
  expect(isSaid(quote)).toBe(true);
});

test.each(['There is no endpoint "…" on ….', 'The quota … is unknown'])('and not: %s', (quote) => {
  expect(isSaid(quote)).toBe(false);
});
