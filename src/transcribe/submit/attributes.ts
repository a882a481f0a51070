import { deflateRawSync } from 'node:zlib';
import { UserError } from '../../errors.js';
import { canonicalJson } from '../../ledger/key.js';
import type { TranscriptionOptions } from '../../settings/transcribe.js';

/** SageMaker's limit of the CustomAttributes of a request, in characters of visible ASCII. */
const LONGEST = 1024;

/**
 * The options as the CustomAttributes of a request: JSON where that is visible ASCII and fits, else base64url of the raw-deflated JSON.
 * Undefined where there are none.
 * @throws UserError when they are too long both ways
 */
export function customAttributes(options: TranscriptionOptions): string | undefined {
  if (Object.keys(options).length === 0) return undefined;
  const json = canonicalJson(options);
  if (json.length <= LONGEST && /^[\x21-\x7e]+$/.test(json)) return json;
  const packed = deflateRawSync(json, { level: 9 }).toString('base64url');
  if (packed.length <= LONGEST) return packed;
  throw new UserError(
    `The options of the transcription need ${packed.length} characters, and SageMaker takes ${LONGEST} at most.`,
    'Shorten the inputs prompt and hotwords. Nothing was sent.',
  );
}
