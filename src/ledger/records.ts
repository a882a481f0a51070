import * as z from 'zod/mini';
import { checkTranscript, type Transcript } from '../transcript/transcript.js';
import type { Identity } from './key.js';

/** A claim: `jobs/<key>.json`. `staged`: about to be sent; `sent`: with the endpoint. */
const claim = z.object({
  version: z.literal(1),
  state: z.enum(['staged', 'sent']),
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
  /** An earlier ending of this job does not count. */
  again: z.optional(z.boolean()),
  /** ISO 8601. After it no answer will come, and anyone may take the claim over. */
  deadline: z.string(),
});

export type Claim = z.output<typeof claim>;

/** Undefined: written by nobody we know, so that it can only be taken over. */
export function parseClaim(json: string): Claim | undefined {
  const result = z.safeParse(claim, parsed(json));
  return result.success ? result.data : undefined;
}

/** How a job ended for good: with a transcript, or with the reason for which the container refused it. */
export type Ending = { transcript: Transcript } | { refused: string };

/** An ending with what it was made from: `results/<key>.json`. */
export type Result = { version: 1; identity: Identity } & Ending;

const result = z.looseObject({
  version: z.literal(1),
  identity: z.looseObject({ audio: z.string() }),
  refused: z.optional(z.string()),
  transcript: z.optional(z.unknown()),
});

/** Undefined: it is not a result of this version. */
export function parseResult(json: string): (Ending & { audio: string }) | undefined {
  const { data } = z.safeParse(result, parsed(json));
  if (!data) return undefined;
  const { audio } = data.identity;
  if (data.refused !== undefined) return { audio, refused: data.refused };
  try {
    return { audio, transcript: checkTranscript(data.transcript) };
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
