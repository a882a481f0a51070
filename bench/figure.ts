/** One measured value of a benchmark. */
export interface Figure {
  bench: string;
  case: string;
  metric: string;
  value: number;
  unit: string;
  /** The highest value that is good enough, where one is set. */
  bar?: number;
  /** The bar is the lowest such value instead. */
  lowest?: boolean;
  ok?: boolean;
}

/** What keeps a benchmark from being run, in one line; an empty one where it has been said already. */
export class BenchError extends Error {}
