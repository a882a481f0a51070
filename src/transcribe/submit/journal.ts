import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

/**
 * What a run that is killed would leave behind for a while: claims of jobs that are not with the endpoint. Each is noted
 * before it is made, so that the step's post (src/post.ts) can give it back; without that, it runs out after 15 minutes.
 */
export interface Journal {
  claiming(key: string, inferenceId: string): void;
  /** The claim is given back, or its request may be with the endpoint from now on. */
  over(key: string): void;
}

/** Where the ledger of the claims is. */
export interface LedgerPlace {
  bucket: string;
  prefix: string;
}

/** Name of the state that leads the post to the journal: it gets it as `STATE_journal`. */
export const JOURNAL = 'journal';

/**
 * A journal in the runner's temporary folder, begun with its first line; outside of a runner nothing is noted. Lines are
 * written at once: a process that is killed has no time for more. The state is saved by hand, as @actions/core would
 * take longer to load than a run that finds nothing to send.
 */
export function openJournal({ bucket, prefix }: LedgerPlace, environment: NodeJS.ProcessEnv): Journal {
  const { RUNNER_TEMP, GITHUB_STATE } = environment;
  if (!RUNNER_TEMP || !GITHUB_STATE) return { claiming: () => undefined, over: () => undefined };
  const file = join(RUNNER_TEMP, `whisper-sagemaker-${process.pid}-${Date.now()}.jsonl`);
  let begun = false;
  const write = (line: Line) => {
    if (!begun) {
      begun = true;
      write({ bucket, prefix });
      appendFileSync(GITHUB_STATE, `${JOURNAL}=${file}\n`);
    }
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  };
  return {
    claiming: (key, inferenceId) => write({ claiming: key, inferenceId }),
    over: (key) => write({ over: key }),
  };
}

const line = z.union([
  z.object({ bucket: z.string(), prefix: z.string() }),
  z.object({ claiming: z.string(), inferenceId: z.string() }),
  z.object({ over: z.string() }),
]);
type Line = z.output<typeof line>;

/** Claims that a run has left, and where. Undefined: none. */
export function leftClaims(file: string): { place: LedgerPlace; inferenceIds: Map<string, string> } | undefined {
  let place: LedgerPlace | undefined;
  const inferenceIds = new Map<string, string>();
  for (const text of readFileSync(file, 'utf8').split('\n').filter(isWhole)) {
    const noted = line.parse(JSON.parse(text));
    if ('bucket' in noted) place = noted;
    else if ('claiming' in noted) inferenceIds.set(noted.claiming, noted.inferenceId);
    else inferenceIds.delete(noted.over);
  }
  return place && inferenceIds.size > 0 ? { place, inferenceIds } : undefined;
}

/** A line that a kill has cut off was for something that did not come to be. */
const isWhole = (text: string): boolean => text.endsWith('}');
