import { createClients } from './aws/clients.js';
import { assumedRole } from './aws/credentials.js';
import { callerAccount, requireAccount } from './aws/identity.js';
import { systemClock } from './clock.js';
import type { Context } from './context.js';
import { UserError } from './errors.js';
import { withoutCredentials } from './github/fork.js';
import { holdMemory } from './memory.js';
import { readSettings, type Settings } from './settings/settings.js';

/** Milliseconds from an interrupt to the end, whatever still hangs; transcribe gives its claims back first. */
const PATIENCE = 1_900;
const PATIENCE_OF_TRANSCRIBE = 7_000;
let patience = PATIENCE;
let told = false;

/** Milliseconds from an interrupt until nothing is begun any more that brings finished work home. */
const GRACE = 4_500;

const interrupt = new AbortController();
const grace = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) return;
    interrupt.abort(new UserError(`Stopped by ${signal}.`, 'Run the step again: it continues.'));
    setTimeout(() => grace.abort(interrupt.signal.reason), GRACE).unref();
    // Does not keep the process alive: most often it has ended before.
    setTimeout(() => void fail(undefined).finally(() => process.exit(1)), patience).unref();
  });
}

// The runner sets it for the step's post alone, and only when the run has saved it.
const journal = process.env['STATE_journal'];
if (journal === undefined) await main();
else await (await import('./post.js')).post(journal, process.env);

async function main(): Promise<void> {
  try {
    const settings = readSettings(process.env);
    if (settings.mode === 'transcribe') patience = PATIENCE_OF_TRANSCRIBE;
    if (settings.mode !== 'destroy' && settings.mode !== 'prune') {
      const reason = await withoutCredentials(process.env, settings.mode);
      if (reason !== undefined) return (await import('./log.js')).actionsLog.notice(reason);
    }
    const clients = createClients(settings.region, roleOf(settings));
    // The first request leaves before the rest is loaded: what is wrong with the credentials is known at once.
    const account = await callerAccount(clients, interrupt.signal);
    requireAccount(account, settings.allowedAccountId);
    const { actionsLog } = await import('./log.js');
    await run(settings, { clients, account, log: actionsLog, clock: systemClock, signal: interrupt.signal });
  } catch (error) {
    await fail(error);
  }
}

/** Without `role-to-assume` the credentials are the environment's. */
function roleOf({ roleToAssume, region }: Settings) {
  return roleToAssume === undefined
    ? undefined
    : assumedRole({ roleArn: roleToAssume, region, signal: interrupt.signal });
}

/** The stories are loaded when they are told: each brings libraries that the others have no use for. */
async function run(settings: Settings, context: Context): Promise<void> {
  switch (settings.mode) {
    case 'plan':
    case 'deploy': {
      const { tellDeploy, tellSkipped } = await import('./report/deploy.js');
      const { reasonToSkip } = await import('./deploy/deployment-paths.js');
      const reason = await reasonToSkip(context, settings, process.env);
      if (reason !== undefined) return tellSkipped(context, settings, reason);
      const { startProgress } = await import('./deploy/progress.js');
      const progress = startProgress(context, settings.waitMinutes);
      return tellDeploy(context, settings, progress, async () => {
        if (settings.mode === 'plan') await (await import('./deploy/plan.js')).plan(context, settings, progress);
        else await (await import('./deploy/deploy.js')).deploy(context, settings, progress);
      });
    }
    case 'transcribe': {
      const { transcribe } = await import('./transcribe/transcribe.js');
      const { reportTranscribe } = await import('./report/transcribe.js');
      holdMemory();
      const result = await transcribe(context, settings, grace.signal);
      return reportTranscribe({ ...context, signal: grace.signal }, settings, result);
    }
    case 'destroy': {
      const { destroy } = await import('./deploy/destroy.js');
      const { startProgress } = await import('./deploy/progress.js');
      const { tellRemoval } = await import('./report/removal.js');
      const progress = startProgress(context, settings.waitMinutes);
      return tellRemoval(context, settings, progress, () => destroy(context, settings, progress));
    }
    case 'prune': {
      const { prune } = await import('./deploy/prune.js');
      const { tellRemoval } = await import('./report/removal.js');
      const progress = { planned: [], made: [], steps: [] };
      return tellRemoval(context, settings, progress, () => prune(context, settings, progress));
    }
  }
}

async function fail(error: unknown): Promise<void> {
  if (told) return;
  told = true;
  const [core, { toldOf }] = await Promise.all([import('@actions/core'), import('./report/failure.js')]);
  const { message, remedy, cause } = toldOf(error, interrupt.signal);
  core.setFailed(remedy === '' ? message : `${message}\n${remedy}`);
  if (cause instanceof Error && cause.stack !== undefined) core.debug(cause.stack);
}
