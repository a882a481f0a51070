// Loaded into a step before the action (node --import): what the process used, as JSON to $USAGE_FILE. `memory` is the
// most that it ever held, in megabytes; `cpu` the time of all its threads, in milliseconds.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  // Kilobytes, as Linux has it (getrusage), and microseconds.
  const usage = { memory: maxRSS / 1000, cpu: (userCPUTime + systemCPUTime) / 1000 };
  writeFileSync(process.env.USAGE_FILE, JSON.stringify(usage));
});
