import type { Ledger } from '../../ledger/ledger.js';
import type { Content } from '../audio.js';
import type { Job } from '../job.js';

/** Of InputLocation (InvokeEndpointAsync). */
const LONGEST = 1024;
/** Characters that mean themselves wherever an address is written (S3 user guide, "Object key naming guidelines"). */
const PLAIN = /^[\w!.*'()/-]+$/;

type ObjectContent = Extract<Content, { kind: 'object' }>;

const addressOf = ({ bucket, key }: ObjectContent): string => `s3://${bucket}/${key}`;

/**
 * Whether SageMaker can be told where an object is. The address travels in a header, which takes no Japanese, and AWS does
 * not say how a space or a `%` is to be written there.
 */
export const isReadInPlace = (object: ObjectContent): boolean =>
  PLAIN.test(object.key) && addressOf(object).length <= LONGEST;

/** Where SageMaker reads a job's audio. */
export function inputLocation(ledger: Ledger, { key, audio: { content } }: Job): string {
  const inPlace = content.kind === 'object' && isReadInPlace(content);
  return inPlace ? addressOf(content) : ledger.uri(ledger.inputKey(key));
}
