import type { ObjectEntry } from '../../aws/objects.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { OpenJob } from '../job.js';
import { outputJob } from '../stage.js';
import { ANSWER_MILLISECONDS } from '../submit/claim.js';

/** What the bucket has at one time, by what is asked of it. */
export interface Listed {
  /** By key of their jobs. */
  claims: Map<string, ObjectEntry>;
  outputOf(open: OpenJob): ObjectEntry | undefined;
  failureOf(open: OpenJob): ObjectEntry | undefined;
  /** Keys of what nobody waits for: a second answer to one request; what is older than any claim. */
  orphans: string[];
}

/**
 * Three listings, of a request for each thousand objects.
 * @param now milliseconds since the epoch
 */
export async function listAll(ledger: Ledger, now: number): Promise<Listed> {
  const [outputs, failures] = await Promise.all([ledger.outputs(), ledger.failures()]);
  // Listed last: whoever collects an output writes the result before the claim goes.
  const claims = await ledger.claims();
  const byJob = new Map(outputs.map((entry) => [outputJob(entry.key), entry]));
  const byAddress = new Map([...outputs, ...failures].map((entry) => [ledger.uri(entry.key), entry]));
  const byInference = new Map(failures.map((entry) => [inferenceOf(entry), entry]));
  return {
    claims,
    // Where SageMaker said it would be, should it lay out S3OutputPathExtension and Filename in another way.
    outputOf: ({ job, stored }) => byJob.get(job.key) ?? byAddress.get(stored.claim?.output ?? ''),
    failureOf: ({ stored: { claim } }) =>
      claim && (byAddress.get(claim.failure ?? '') ?? byInference.get(claim.inferenceId)),
    orphans: [
      ...outputs.filter(({ key }) => isSecondAnswer(key, claims)),
      ...failures.filter(({ modified }) => now - modified > ANSWER_MILLISECONDS),
    ].map(({ key }) => key),
  };
}

function isSecondAnswer(key: string, claims: ReadonlyMap<string, ObjectEntry>): boolean {
  const job = outputJob(key);
  return job !== undefined && !claims.has(job);
}

/** Ours has 32 hex digits; SageMaker makes the failure's name of it. */
const inferenceOf = ({ key }: ObjectEntry): string | undefined => /[0-9a-f]{32}(?=[^/]*$)/.exec(key)?.[0];
