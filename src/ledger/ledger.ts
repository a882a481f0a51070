import type { ObjectEntry, Objects } from '../aws/objects.js';
import type { Identity } from './key.js';
import { type Claim, type Ending, parseClaim, parseResult, type Result } from './records.js';

/** A claim as it stands in S3: to change it, its version must still be this one. */
export interface StoredClaim {
  /** Undefined: unreadable. */
  claim: Claim | undefined;
  etag: string;
}

/** The bucket's objects by what they mean. S3 is the only place where the state of the work is kept. */
export interface Ledger {
  /** Keys of the jobs that have ended for good. */
  finished(): Promise<Set<string>>;
  /** The claims' objects, by key of their jobs. */
  claims(): Promise<Map<string, ObjectEntry>>;
  /** Keys of the jobs whose audio is uploaded. */
  uploads(): Promise<Set<string>>;
  /** What SageMaker has written. */
  outputs(): Promise<ObjectEntry[]>;
  failures(): Promise<ObjectEntry[]>;
  /** S3 keys of what was written into each repository. */
  publishedKeys(): Promise<string[]>;
  /** S3 keys of the records of episodes, of all repositories. */
  episodeKeys(): Promise<string[]>;

  /** Undefined: there is none, or none that can be read. */
  readResult(key: string): Promise<(Ending & { audio: string }) | undefined>;
  writeResult(key: string, identity: Identity, ending: Ending): Promise<void>;

  readClaim(key: string): Promise<StoredClaim | undefined>;
  /** Writes a claim where there is none, or over the version that was seen. Undefined: someone else was faster. */
  writeClaim(key: string, claim: Claim, over?: string): Promise<StoredClaim | undefined>;

  /** S3 keys. */
  claimKey(key: string): string;
  resultKey(key: string): string;
  inputKey(key: string): string;
  /** s3:// address of an S3 key. */
  uri(key: string): string;
  objects: Objects;
}

/** @param prefix of the endpoint in the bucket, with its slash */
export function openLedger(objects: Objects, prefix: string): Ledger {
  const uri = (key: string) => `s3://${objects.bucket}/${key}`;
  const resultKey = (key: string) => `${prefix}results/${key}.json`;
  const claimKey = (key: string) => `${prefix}jobs/${key}.json`;
  const list = async (folder: string): Promise<ObjectEntry[]> => {
    const entries: ObjectEntry[] = [];
    for await (const page of objects.list(prefix + folder)) entries.push(...page);
    return entries;
  };
  const put = (key: string, content: Claim | Result, ...condition: Parameters<Objects['writeText']>[3][]) =>
    objects.writeText(key, JSON.stringify(content), 'application/json', ...condition);
  const name = ({ key }: ObjectEntry) => key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');
  return {
    objects,
    uri,
    claimKey,
    resultKey,
    inputKey: (key) => `${prefix}input/${key}`,
    finished: async () => new Set((await list('results/')).map(name)),
    claims: async () => new Map((await list('jobs/')).map((entry) => [name(entry), entry])),
    uploads: async () => new Set((await list('input/')).map(name)),
    outputs: () => list('output/'),
    failures: () => list('failure/'),
    publishedKeys: async () => (await list('published/')).map(({ key }) => key),
    episodeKeys: async () => (await list('episodes/')).map(({ key }) => key),
    async readResult(key) {
      const found = await objects.readText(resultKey(key));
      return found && parseResult(found.text);
    },
    async writeResult(key, identity, ending) {
      await put(resultKey(key), { version: 1, identity, ...ending });
    },
    async readClaim(key) {
      const found = await objects.readText(claimKey(key));
      return found && { claim: parseClaim(found.text), etag: found.etag };
    },
    async writeClaim(key, claim, over) {
      const etag = await put(claimKey(key), claim, over === undefined ? 'absent' : { etag: over });
      if (etag !== undefined) return { claim, etag };
      // An attempt of ours whose answer was lost, and which the SDK then repeated, is refused by our own claim.
      const found = await objects.readText(claimKey(key));
      return found?.text === JSON.stringify(claim) ? { claim, etag: found.etag } : undefined;
    },
  };
}
