import { writeJson } from './json.js';
import { writeSrt } from './srt.js';
import type { Transcript } from './transcript.js';
import { writeTxt } from './txt.js';
import { writeVtt } from './vtt.js';

/** The writer of each format, by the extension of its files: pure, UTF-8, lines end with LF. */
export const writers = {
  txt: writeTxt,
  srt: writeSrt,
  vtt: writeVtt,
  json: writeJson,
} satisfies Record<string, (transcript: Transcript) => string>;

export type TranscriptFormat = keyof typeof writers;
