import * as z from 'zod/mini';
import { isUnspacedLanguage } from './scripts.js';

/**
 * The transcript as the container answers it (`Accept: application/json`). Times are seconds from the start of the
 * audio. Fields that a newer container adds are kept.
 */
const word = z.looseObject({ start: z.number(), end: z.number(), word: z.string() });

const segment = z.looseObject({
  start: z.number(),
  end: z.number(),
  text: z.string(),
  words: z.optional(z.array(word)),
  /** Number of the track, from 1, where channels were split. */
  speaker: z.optional(z.string()),
});

const transcript = z.looseObject({
  schema_version: z.literal(1),
  model_revision: z.string(),
  transcriber: z.string(),
  language: z.string(),
  task: z.optional(z.string()),
  duration: z.number(),
  segments: z.array(segment),
});

export type Segment = z.output<typeof segment>;
export type Transcript = z.output<typeof transcript>;

/** @throws Error that names the fields which are not as expected, never their content */
export function parseTranscript(json: string): Transcript {
  return checkTranscript(parseJson(json));
}

/** As parseTranscript, for JSON that is parsed already. */
export function checkTranscript(value: unknown): Transcript {
  const result = z.safeParse(transcript, value);
  if (result.success) return result.data;
  const fields = result.error.issues.slice(0, 3).map((issue) => issue.path.join('.') || 'the whole');
  throw new Error(`it is not a transcript of schema version 1 (see ${fields.join(', ')})`);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Error('it is not JSON');
  }
}

/** Text on one line, without white space at its ends. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Language of the text; `language` is the one that is spoken. */
export const textLanguage = ({ language, task }: Transcript): string => (task === 'translate' ? 'en' : language);

/** Number of words, by the rules of the transcript's language. */
export function countWords(transcript: Transcript): number {
  const language = textLanguage(transcript);
  const segmenter = isUnspacedLanguage(language) ? new Intl.Segmenter(language, { granularity: 'word' }) : undefined;
  let count = 0;
  for (const { text } of transcript.segments) {
    if (segmenter) for (const part of segmenter.segment(text)) count += part.isWordLike ? 1 : 0;
    else count += text.match(/\S+/g)?.length ?? 0;
  }
  return count;
}
