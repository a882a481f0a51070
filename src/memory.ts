import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from taking more memory than a step needs. While many requests are under way its young generation would double
 * up to more than 100 MB of garbage, and its old one to twice what is alive; the more files, the more memory, and no file
 * sooner. From now on the young one stays as large as it is, and the old one is collected a third above what is alive.
 * (`script/bench transcribe` measures what it holds and what it costs.)
 */
export function holdMemory(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=30');
}
