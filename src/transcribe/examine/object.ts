import type { TranscribeSettings } from '../../settings/transcribe.js';
import type { Audio, Refusal } from '../audio.js';
import { type ObjectSource, objectIdentity } from '../select/source.js';
import { contentType } from './content-type.js';
import { MOST_BYTES, tooLarge } from './limits.js';

/** An object is not read: the container says whether it is audio. Its options are those of the run. */
export function examineObject(
  source: ObjectSource,
  { options, speakers }: Pick<TranscribeSettings, 'options' | 'speakers'>,
): Audio | Refusal {
  const { path, bucket, key, etag, bytes } = source;
  if (bytes === 0) return { path, reason: 'It is empty.' };
  if (bytes > MOST_BYTES) return { path, reason: `${tooLarge(bytes)} Store it compressed or split it.` };
  return {
    path,
    bytes,
    identity: objectIdentity(source),
    content: { kind: 'object', bucket, key, etag },
    contentType: contentType(key),
    options,
    speakers,
  };
}
