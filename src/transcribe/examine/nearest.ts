/** The one of `names` that `name` is most likely a slip of: two letters off at most. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const [best] = names.map((known) => ({ known, off: distance(name, known) })).sort((a, b) => a.off - b.off);
  return best && best.off <= 2 ? best.known : undefined;
}

/** How many letters have to be put in, left out or replaced (Levenshtein). */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...a.slice(0, 64)].entries()) {
    const line = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const kept = (above[column] ?? 0) + (letter === other ? 0 : 1);
      line.push(Math.min(kept, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
