import { cuesOf } from './cues/cues.js';
import { speakerName, type Writer } from './presentation.js';
import { timestamp } from './timestamp.js';

/** WebVTT captions (https://www.w3.org/TR/webvtt1/), each with its speaker's `<v Name>` where one is known. */
export const writeVtt: Writer = (transcript, { cues, speakers }) => {
  const written = cuesOf(transcript, cues).map(({ start, end, speaker, lines }) => {
    const voice = speaker === undefined ? '' : `<v ${escaped(speakerName(speaker, speakers))}>`;
    return `\n${timestamp(start, '.')} --> ${timestamp(end, '.')}\n${voice}${escaped(lines.join('\n'))}\n`;
  });
  return `WEBVTT\n${written.join('')}`;
};

/** Escaping `>` also takes care of `-->`, which must not stand in a cue's text. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
