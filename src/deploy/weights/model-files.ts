import { UserError } from '../../errors.js';

/** One file of a model. */
export interface WeightFile {
  name: string;
  /** Bytes. */
  size: number;
  /** What its content is known by where it comes from: SHA-256, git's object id, or S3's ETag. */
  id: string;
}

/** A model in CTranslate2 format, wherever it is. */
export interface Weights {
  /** The model's name, as transcripts give it. */
  name: string;
  /** 12 hex digits that stand for the content of all files. */
  revision: string;
  files: WeightFile[];
  /** Set when the weights are used where they are. */
  inPlace?: { bucket: string; prefix: string };
  /** The content of a file, checked while it flows: an error instead of an end when it is not what was listed. */
  open(file: WeightFile): AsyncIterable<Uint8Array>;
}

/** The files that CTranslate2 and faster-whisper load; a repository may hold others. */
const NEEDED = /^(?:model\.bin|config\.json|tokenizer\.json|preprocessor_config\.json|vocabulary\.[a-z]+)$/;

export const isNeeded = (name: string): boolean => NEEDED.test(name);

/** @throws UserError unless the files are a CTranslate2 model */
export function requireModel(files: readonly WeightFile[], where: string): void {
  if (!files.some(({ name }) => name === 'model.bin')) {
    throw new UserError(
      `${where} has no model.bin: it is not a model in CTranslate2 format.`,
      'Take a converted one, or convert it: `pip install ctranslate2 "transformers[torch]"`, then `ct2-transformers-converter --model <owner/name> --output_dir weights --copy_files tokenizer.json preprocessor_config.json --quantization float16`, and set `model: ./weights`.',
    );
  }
  if (!files.some(({ name }) => name === 'config.json')) {
    throw new UserError(
      `${where} has a model.bin, but no config.json beside it.`,
      'Copy all files that the converter wrote.',
    );
  }
}
