import picomatch from 'picomatch';

export type Matches = (path: string) => boolean;

/**
 * Whether a path matches one of the globs: picomatch's rules. `*` stays in its folder, `**` does not, and neither matches
 * a name that begins with a dot, unless `dot`; a backslash takes the meaning from the next character.
 */
export function matcher(globs: readonly string[], options: { nocase?: boolean; dot?: boolean } = {}): Matches {
  // A line break in a name is a character as any other; a backslash never parts folders, on Windows neither.
  return picomatch([...globs], { ...options, flags: options.nocase ? 'si' : 's', windows: false });
}

/** What is wanted, and what is not: lines that begin with `!`. `!(a|b)` is a glob by itself. */
export const partedGlobs = (globs: readonly string[]): { wanted: string[]; unwanted: string[] } => ({
  wanted: globs.filter((glob) => !isNegated(glob)),
  unwanted: globs.filter(isNegated).map((glob) => glob.slice(1)),
});

export const isNegated = (glob: string): boolean => /^!(?!\()/.test(glob);
