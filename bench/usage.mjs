// Loaded into a step before the action (node --import): what its processes used, one after the other, as JSON in
// $USAGE_FILE. `memory` is the most that one ever held, in megabytes; `cpu` the time of all threads, in milliseconds.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const file = process.env.USAGE_FILE;

process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  // Kilobytes, as Linux has it (getrusage), and microseconds.
  // The step's post is a process of its own.
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { memory: 0, cpu: 0 };
  const memory = Math.max(before.memory, maxRSS / 1000);
  writeFileSync(file, JSON.stringify({ memory, cpu: before.cpu + (userCPUTime + systemCPUTime) / 1000 }));
});
