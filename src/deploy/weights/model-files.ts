import { UserError } from '../../errors.js';

/** One file of a model. */
export interface WeightFile {
  name: string;
  /** Bytes. Undefined: known only once it was made (an archive). */
  size: number | undefined;
  /** What its content is known by where it comes from: SHA-256, git's object id, or S3's ETag. */
  id: string;
}

/** A model in CTranslate2 format, wherever it is. */
export interface Weights {
  /** The model's name, as transcripts give it. */
  name: string;
  /** 12 hex digits that stand for the content of the model's files, however they are packed. */
  revision: string;
  /** 12 hex digits that stand for `files`: what they lie under in S3. */
  key: string;
  /** How SageMaker gets them. */
  package: 'prefix' | 'tar.gz';
  files: WeightFile[];
  /** Where the content was pinned: the hub's repository at a commit, as `owner/name@<40 hex digits>`. */
  source?: string;
  /** Set when the weights are used where they are. */
  inPlace?: { bucket: string; prefix: string };
  /** The content of a file, checked while it flows: an error instead of an end when it is not what was listed. */
  open(file: WeightFile): AsyncIterable<Uint8Array>;
}

/** The files that CTranslate2 and faster-whisper load; a repository may hold others. */
const NEEDED = /^(?:model\.bin|config\.json|tokenizer\.json|preprocessor_config\.json|vocabulary\.(?:json|txt))$/;

export const isNeeded = (name: string): boolean => NEEDED.test(name);

/** Files without which the container does not start. */
const REQUIRED: [what: string, is: RegExp][] = [
  ['config.json', /^config\.json$/],
  ['tokenizer.json', /^tokenizer\.json$/],
  ['vocabulary.json or vocabulary.txt', /^vocabulary\./],
];

const CONVERT = (model: string) =>
  `\`pip install ctranslate2 "transformers[torch]"\`, then \`ct2-transformers-converter --model ${model} --output_dir weights --copy_files tokenizer.json preprocessor_config.json --quantization float16\`, and set \`model: ./weights\``;

/**
 * @param names of all files there
 * @param where for people, at the begin of a sentence
 * @param repository on the hub, when it is one
 * @throws UserError unless the files are a CTranslate2 model
 */
export function requireModel(names: readonly string[], where: string, repository = '<owner/name>'): void {
  if (!names.includes('model.bin')) {
    const official = /^openai\/whisper-(.+)$/.exec(repository)?.[1];
    throw new UserError(
      `${where} has no model.bin: it is not a model in CTranslate2 format${formatOf(names)}.`,
      official === undefined
        ? `Take a converted one, or convert it: ${CONVERT(repository)}.`
        : `Set \`model: ${official}\`, which is this one converted. Converting it yourself: ${CONVERT(repository)}.`,
    );
  }
  const missing = REQUIRED.filter(([, is]) => !names.some((name) => is.test(name))).map(([what]) => what);
  if (missing.length > 0) {
    throw new UserError(
      `${where} has a model.bin, but no ${missing.join(' and no ')} beside it.`,
      'Put all files of the converter beside each other; tokenizer.json comes from the model that was converted (`--copy_files tokenizer.json preprocessor_config.json`).',
    );
  }
}

/** What a model that is none of ours is, in brackets; empty: not known. */
function formatOf(names: readonly string[]): string {
  if (names.some((name) => /\.(?:safetensors|h5|msgpack)$|^pytorch_model/.test(name))) return ' (but Transformers)';
  if (names.some((name) => /^ggml-.*\.bin$|\.gguf$/.test(name))) return ' (but whisper.cpp)';
  if (names.some((name) => name.endsWith('.pt'))) return ' (but PyTorch)';
  return '';
}
