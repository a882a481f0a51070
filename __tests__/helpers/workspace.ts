import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../src/clock.js';

/** Waits that are long on AWS are short here; what is waited for is the same. */
export const quickClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => pause(Math.min(milliseconds, 100), undefined, signal ? { signal } : {}),
};

export async function writeFiles(folder: string, files: Record<string, string | Buffer>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
