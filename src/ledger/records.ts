import * as z from 'zod/mini';
import { checkTranscript, type Transcript } from '../transcript/transcript.js';
import type { Identity } from './key.js';

/**
 * A claim: `jobs/<key>.json`. `staged`: about to be sent; `sent`: with the endpoint; `refused`: the container said that
 * this audio cannot be transcribed.
 */
const claim = z.object({
  version: z.literal(1),
  state: z.enum(['staged', 'sent', 'refused']),
  /** The audio's identity. */
  audio: z.string(),
  /** Ours, in 32 hex digits: the output's name is made of it. */
  inferenceId: z.string(),
  /** s3:// address at which the output is expected, then the one that SageMaker returned. */
  output: z.string(),
  /** s3:// address that SageMaker returned. */
  failure: z.optional(z.string()),
  /** ISO 8601, when SageMaker took the request. */
  sent: z.optional(z.string()),
  owner: z.string(),
  /** 1 for the first. */
  attempt: z.number(),
  /** ISO 8601. After it no answer will come, and anyone may take the claim over. */
  deadline: z.string(),
  /** Why it was refused. */
  reason: z.optional(z.string()),
});

export type Claim = z.output<typeof claim>;

/** Undefined: written by nobody we know, so that it can only be taken over. */
export function parseClaim(json: string): Claim | undefined {
  const result = z.safeParse(claim, parsed(json));
  return result.success ? result.data : undefined;
}

/** A finished transcript with what it was made from: `results/<key>.json`. */
export interface Result {
  version: 1;
  identity: Identity;
  transcript: Transcript;
}

/** Undefined: it is not a result of this version. */
export function parseResult(json: string): Transcript | undefined {
  const value = parsed(json) as Partial<Result> | undefined;
  if (value?.version !== 1) return undefined;
  try {
    return checkTranscript(value.transcript);
  } catch {
    return undefined;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
