/** The package brings no types; this is what is used of it. */
declare module 'picomatch' {
  interface Options {
    /** Of the regular expression that the glob becomes. */
    flags?: string;
    /** Whether a backslash parts folders; else it takes the meaning from the next character. */
    windows?: boolean;
    nocase?: boolean;
    /** Whether wildcards match names that begin with a dot. */
    dot?: boolean;
  }
  export default function picomatch(globs: string[], options?: Options): (path: string) => boolean;
}
