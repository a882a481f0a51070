import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createClients } from './aws/clients.js';
import { assumedRole } from './aws/credentials.js';
import { callerAccount, requireAccount } from './aws/identity.js';
import { openBucket } from './aws/objects.js';
import { forEach } from './each.js';
import { openLedger } from './ledger/ledger.js';
import { readSettings } from './settings/settings.js';
import { leftClaims } from './transcribe/submit/journal.js';

const PATIENCE = 60_000;
const CONCURRENCY = 16;

/**
 * The step's post: takes away what a run that was killed has left. Its claims of jobs that it did not send are given back, so
 * that the next run need not wait until they run out; so is audio that was taken out of videos. A run that ended by
 * itself has left nothing, and then no request is made. Never fails: a warning says what stays.
 * @param journal path that the run saved
 */
export async function post(journal: string, environment: NodeJS.ProcessEnv): Promise<void> {
  try {
    await removeExtracted(environment['RUNNER_TEMP']);
    const count = await giveBack(journal, environment);
    if (count > 0) console.log(`${count} files that were not sent are free for the next run at once.`);
  } catch (error) {
    const core = await import('@actions/core');
    const said = error instanceof Error ? error.message : String(error);
    core.warning(`Files that were not sent are free for the next run only in 15 minutes: ${said}`);
  }
}

/** How many claims were given back. */
async function giveBack(journal: string, environment: NodeJS.ProcessEnv): Promise<number> {
  const left = leftClaims(journal);
  if (!left) return 0;
  const { region, roleToAssume: roleArn, allowedAccountId } = readSettings(environment);
  const signal = AbortSignal.timeout(PATIENCE);
  const clients = createClients(region, roleArn === undefined ? undefined : assumedRole({ roleArn, region, signal }));
  const account = await callerAccount(clients, signal);
  requireAccount(account, allowedAccountId);
  const { place, inferenceIds } = left;
  const ledger = openLedger(await openBucket(clients, place.bucket, account, signal), place.prefix);
  const ours: string[] = [];
  await forEach(inferenceIds, CONCURRENCY, async ([key, inferenceId]) => {
    const claim = (await ledger.readClaim(key))?.claim;
    // It may have been sent after all, or be another run's by now.
    if (claim?.state === 'staged' && claim.inferenceId === inferenceId) ours.push(ledger.claimKey(key));
  });
  await ledger.objects.remove(ours);
  return ours.length;
}

/** Folders of src/transcribe/examine/extract.ts. */
async function removeExtracted(folder: string | undefined): Promise<void> {
  if (!folder) return;
  const names = (await readdir(folder)).filter((name) => name.startsWith('extracted-'));
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}
