// Loaded into a step before the action (node --import): measures the time in which it is itself at work, that is, in
// which no request, no child process and no wait was outstanding. Writes the seconds to $OWN_TIME_FILE.
import childProcess from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

let outstanding = 0;
let since = 0;
let idle = 0;

function begin() {
  if (outstanding === 0) since = performance.now();
  outstanding += 1;
}

function end() {
  outstanding -= 1;
  if (outstanding === 0) idle += performance.now() - since;
}

/** Each thing ends once, however many events say so. */
const seen = new WeakSet();
const endOnce = (thing) => {
  if (seen.has(thing)) return;
  seen.add(thing);
  end();
};

for (const [started, ended] of [
  // Node's own client, which the AWS SDK uses, and undici, which fetch is.
  ['http.client.request.start', ['http.client.response.finish', 'http.client.request.error']],
  ['undici:request:create', ['undici:request:trailers', 'undici:request:error']],
]) {
  diagnostics.subscribe(started, begin);
  for (const name of ended) diagnostics.subscribe(name, ({ request }) => endOnce(request));
}

const { spawn } = childProcess;
childProcess.spawn = (...args) => {
  const child = spawn(...args);
  begin();
  for (const event of ['close', 'error']) child.once(event, () => endOnce(child));
  return child;
};

const { setTimeout: sleep } = timers;
timers.setTimeout = (...args) => {
  begin();
  return sleep(...args).finally(end);
};
syncBuiltinESMExports();

process.on('exit', () => {
  const waiting = outstanding > 0 ? performance.now() - since : 0;
  writeFileSync(process.env.OWN_TIME_FILE, String((performance.now() - idle - waiting) / 1000));
});
