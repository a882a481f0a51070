import type { ObjectEntry } from '../../aws/objects.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { OpenJob } from '../job.js';
import { outputJob } from '../stage.js';

/** What the bucket has at one time, by what is asked of it. */
export interface Listed {
  /** By key of their jobs. */
  claims: Map<string, ObjectEntry>;
  outputOf(open: OpenJob): ObjectEntry | undefined;
  failureOf(open: OpenJob): ObjectEntry | undefined;
  /** Keys of answers that nobody waits for: a request that was answered twice. */
  orphans: string[];
}

/** Three listings, of a request for each thousand objects. */
export async function listAll(ledger: Ledger): Promise<Listed> {
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
    orphans: outputs.map(({ key }) => key).filter((key) => isOrphan(key, claims)),
  };
}

const isOrphan = (key: string, claims: ReadonlyMap<string, ObjectEntry>): boolean => {
  const job = outputJob(key);
  return job !== undefined && !claims.has(job);
};

/** Ours has 32 hex digits; SageMaker makes the failure's name of it. */
const inferenceOf = ({ key }: ObjectEntry): string | undefined => /[0-9a-f]{32}(?=[^/]*$)/.exec(key)?.[0];
