import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import * as z from 'zod/mini';
import { type Matches, matcher } from '../../matcher.js';
import { wrong } from '../../settings/inputs.js';
import { type Transcription, transcriptionInputs } from '../../settings/transcribe.js';
import { shown } from '../../shown.js';
import { nearest } from './nearest.js';

/** What one entry says of the audio that it is for. */
export interface Layer {
  says: Partial<Transcription>;
  /** `folder/whisper.yml:3`, where the entry's speakers are named. */
  speakersAt?: string;
}

/** A `whisper.yml`: what it says of all audio in its folder and below, and of some of it. */
export interface OptionsFile {
  all: Layer;
  /** In their order: what comes later goes before what came earlier. */
  some: { matches: Matches; layer: Layer }[];
}

const NAMES = Object.keys(transcriptionInputs) as (keyof Transcription)[];
const isName = (name: string): name is keyof Transcription => name in transcriptionInputs;
const OUTSIDE = /^!|^\/|(?:^|\/)\.\.(?:\/|$)/;

/**
 * Reads a `whisper.yml`; nothing in it is run or expanded.
 * @param path of the file in the workspace, for messages
 * @param mistakes takes a line for each thing that is wrong
 */
export function parseOptions(path: string, text: string, mistakes: string[]): OptionsFile {
  const lines = new LineCounter();
  const at = (offset: number): string => `${shown(path)}:${lines.linePos(offset).line}`;
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  // Further errors of the syntax come from the first.
  for (const { pos, message } of [...document.errors, ...document.warnings].slice(0, 1)) {
    mistakes.push(`${at(pos[0])}: ${shown(message)}`);
  }

  /** Calls `take` for each key of a map. */
  const each = (node: Node | null, what: string, take: (name: string, value: Node | null, where: string) => void) => {
    if (node === null) return;
    if (!isMap<Node, Node | null>(node)) {
      mistakes.push(`${at(node.range?.[0] ?? 0)}: ${what}`);
      return;
    }
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const target = isAlias(value) ? (value.resolve(document) ?? null) : value;
      take(String(isScalar(key) ? key.value : key), target, at(key.range?.[0] ?? 0));
    }
  };
  const set = (layer: Layer, name: string, value: Node | null, where: string, others: readonly string[] = []) => {
    if (!isName(name)) mistakes.push(`${where}: ${unknown(name, [...NAMES, ...others])}`);
    else {
      const problem = setOption(layer.says, name, value);
      if (problem !== undefined) mistakes.push(`${where}: ${shown(problem)}`);
      if (name === 'speakers') layer.speakersAt = where;
    }
  };

  const file: OptionsFile = { all: { says: {} }, some: [] };
  if (document.errors.length + document.warnings.length > 0) return file;
  each(document.contents, `it must be a map of ${NAMES.join(', ')} and files`, (name, value, where) => {
    if (name !== 'files') return set(file.all, name, value, where, ['files']);
    each(value, 'files must be a map of globs, each with a map of options', (glob, options, line) => {
      if (glob === '' || OUTSIDE.test(glob)) {
        mistakes.push(`${line}: ${wrong('a glob', shown(glob), 'must be of files in this folder or below')}`);
        return;
      }
      const layer: Layer = { says: {} };
      each(options, `${shown(glob)} must have a map of options`, (option, given, here) =>
        set(layer, option, given, here),
      );
      file.some.push({ matches: matcher([glob]), layer });
    });
  });
  return file;
}

function unknown(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const hint = meant === undefined ? `There are ${known.join(', ')}.` : `Is ${meant} meant?`;
  return `there is no option "${shown(name)}". ${hint}`;
}

/** Sets an option by the rules of the input of the same name, which takes it as text; gives back what is wrong with it. */
function setOption<Name extends keyof Transcription>(
  says: Partial<Transcription>,
  name: Name,
  value: Node | null,
): string | undefined {
  const given = asInput(name, value);
  if (given === undefined) {
    return `${name} must be ${name === 'speakers' ? 'a list of names' : 'one value'}; found ${kind(value)}`;
  }
  const result = z.safeParse(transcriptionInputs[name], given);
  if (!result.success) return wrong(name, given, result.error.issues[0]?.message ?? 'cannot be read');
  says[name] = result.data as Transcription[Name];
  return undefined;
}

/** As the input would have it; undefined: it cannot be one. */
function asInput(name: string, node: Node | null): string | undefined {
  if (node === null) return '';
  if (isScalar(node)) return node.value === null ? '' : (node.source ?? String(node.value)).trim();
  if (name !== 'speakers' || !isSeq(node)) return undefined;
  const names = node.items.map((item) => (isScalar(item) ? String(item.source ?? item.value).trim() : ''));
  return names.every((text) => text !== '' && !text.includes('\n')) ? names.join('\n') : undefined;
}

const kind = (node: Node | null): string => (isMap(node) ? 'a map' : isSeq(node) ? 'a list' : 'something else');
