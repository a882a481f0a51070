import { cuesOf, timestamp } from './cues.js';
import type { Transcript } from './transcript.js';

/** WebVTT captions (https://www.w3.org/TR/webvtt1/). */
export function writeVtt(transcript: Transcript): string {
  const cues = cuesOf(transcript).map(
    ({ start, end, text }) => `\n${timestamp(start, '.')} --> ${timestamp(end, '.')}\n${escaped(text)}\n`,
  );
  return `WEBVTT\n${cues.join('')}`;
}

/** Escaping `>` also takes care of `-->`, which must not stand in a cue's text. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
