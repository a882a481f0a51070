import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../src/clock.js';

/** Waits that are long on AWS are short here; what is waited for is the same. */
export const quickClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => pause(Math.min(milliseconds, 100), undefined, signal ? { signal } : {}),
};

/** As quickClock, and it tells the time as if it had waited that long. `leap` moves it on by milliseconds. */
export function leapingClock(ahead = 0): Clock & { leap(milliseconds: number): void } {
  let skipped = ahead;
  return {
    now: () => Date.now() + skipped,
    sleep: async (milliseconds, signal) => {
      const started = Date.now();
      await pause(Math.min(milliseconds, 20), undefined, signal ? { signal } : {});
      skipped += Math.max(milliseconds - (Date.now() - started), 0);
    },
    leap: (milliseconds) => {
      skipped += milliseconds;
    },
  };
}

export async function writeFiles(folder: string, files: Record<string, string | Buffer>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
