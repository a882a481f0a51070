import { UserError } from '../../errors.js';
import { repositoryOf } from '../../hub/names.js';
import type { TranscriptionOptions } from '../../settings/transcribe.js';

/** Distilled on English only, whatever their vocabulary holds; those that others distilled for another language are not. */
const DISTILLED =
  /^(?:distil-whisper\/|systran\/faster-distil-whisper-)|^distil-(?:small|medium|large)[\w.]*(?:-v[\d.]+)?(?:-ct2)?$/i;
/** OpenAI's English models and what is made of them: `tiny.en`, `faster-whisper-medium.en`. */
const ENGLISH = /\.en(?![a-z0-9])/i;
/** Trained without translations (github.com/openai/whisper, README): it answers in the language that is spoken. */
const TURBO = /turbo/i;

/**
 * Refuses what a model would not do and not say: it transcribes all the same, in the wrong language.
 * @param model as deploy was given it: a well-known name, a hub repository, or a folder's name. Of a name that says
 * nothing, nothing is refused.
 * @throws UserError that names the model to take
 */
export function requireAble(model: string, { language, multilingual, task }: TranscriptionOptions): void {
  const name = repositoryOf(model) ?? model;
  const english = DISTILLED.test(name) || ENGLISH.test(name);
  if (english && language !== undefined && language !== 'en') {
    throw new UserError(
      `The endpoint's model ${model} knows English only; the input language is "${language}".`,
      'Deploy `model: large-v3-turbo`, or `large-v3`, which also translates; or leave `language` to `en`.',
    );
  }
  if (english && multilingual) {
    throw new UserError(
      `The endpoint's model ${model} knows English only, and multilingual is true.`,
      'Deploy `model: large-v3-turbo`, or `large-v3`; or leave `multilingual` to `false`.',
    );
  }
  if (task === 'translate' && (english || TURBO.test(name))) {
    throw new UserError(
      `The endpoint's model ${model} does not translate${english ? ': it knows English only' : '; it was not trained to'}.`,
      'Deploy `model: large-v3` (or `medium`, `small`), or set `task: transcribe`.',
    );
  }
}
