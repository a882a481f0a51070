import { writeHtml } from './html.js';
import { writeJson } from './json.js';
import { writeMd } from './md.js';
import { writePodcast } from './podcast.js';
import type { Writer } from './presentation.js';
import { writeSrt } from './srt.js';
import { writeTsv } from './tsv.js';
import { writeTxt } from './txt.js';
import { writeVtt } from './vtt.js';

/** The writer of each format. */
export const writers = {
  txt: writeTxt,
  srt: writeSrt,
  vtt: writeVtt,
  tsv: writeTsv,
  json: writeJson,
  md: writeMd,
  podcast: writePodcast,
  html: writeHtml,
} satisfies Record<string, Writer>;

export type Format = keyof typeof writers;

/** Goes up when any writer writes something else for the same transcript: then files that it wrote are written anew. */
export const WRITERS_VERSION = 1;

/** What comes after the audio's name and a dot. */
export const extensions: Record<Format, string> = {
  txt: 'txt',
  srt: 'srt',
  vtt: 'vtt',
  tsv: 'tsv',
  json: 'json',
  md: 'md',
  podcast: 'podcast.json',
  html: 'html',
};
