import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation as large as it is by now. It would double while many requests are under way, up to more
 * than 100 MB of garbage; the step would then need more memory the more files it has, and be no faster.
 * (`script/bench transcribe` measures both.)
 */
export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
