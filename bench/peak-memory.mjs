// Loaded into a step before the action (node --import): writes the most memory that the process ever held, in
// megabytes, to $PEAK_MEMORY_FILE.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  // In kilobytes, as Linux has it (getrusage).
  writeFileSync(process.env.PEAK_MEMORY_FILE, String(process.resourceUsage().maxRSS / 1000));
});
