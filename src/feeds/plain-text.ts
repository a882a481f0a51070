/** Character references that notes of episodes are full of. */
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  bull: '•',
};

/** The text of HTML such as an episode's notes: paragraphs become lines, tags go. @returns undefined when nothing is left */
export function plainText(html: string | undefined): string | undefined {
  if (html === undefined) return undefined;
  // No tag runs on over the next one: what a stranger writes must not take time that grows with its square.
  const text = html
    .replace(/\s+/g, ' ')
    .replace(/<(br|\/?(p|div|li|ul|ol|h[1-6]|tr|blockquote))\b[^<>]*>/gi, '\n')
    .replace(/<\/?[a-z!][^<>]*>/gi, '')
    .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, referred);
  const lines = text.split('\n').map((line) => line.trim());
  return (
    lines
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim() || undefined
  );
}

function referred(whole: string, decimal?: string, hexadecimal?: string, name?: string): string {
  if (name !== undefined) return NAMED[name] ?? whole;
  const point = decimal !== undefined ? Number(decimal) : Number.parseInt(hexadecimal ?? '', 16);
  return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
}
