import { expect } from '@jest/globals';
import SrtParser from 'srt-parser-2';
import { WebVTTParser } from 'webvtt-parser';

/** The judges are parsers that others wrote. */

export interface Parsed {
  /** Milliseconds. */
  start: number;
  end: number;
  speaker?: string;
  lines: string[];
}

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };
/** This parser leaves the references in a voice's name as they are; the specification has them read there, too. */
const named = (name: string) =>
  Object.entries(ENTITIES).reduceRight((text, [entity, character]) => text.replaceAll(entity, character), name);
const milliseconds = (seconds: number) => Math.round(seconds * 1000);

/** Strict: any error of the specification's fails the test. */
export function parseVtt(text: string): Parsed[] {
  const { cues, errors } = new WebVTTParser(ENTITIES).parse(text);
  expect(errors).toEqual([]);
  return cues.map(({ startTime, endTime, tree }) => {
    const [first] = tree.children;
    const voice = first?.type === 'object' && first.name === 'v' ? first : undefined;
    const said = (voice ?? tree).children.map(({ value }) => value).join('');
    return {
      start: milliseconds(startTime),
      end: milliseconds(endTime),
      ...(voice && { speaker: named(voice.value) }),
      lines: said.split('\n'),
    };
  });
}

export const parseSrt = (text: string): Parsed[] =>
  new SrtParser().fromSrt(text).map(({ startSeconds, endSeconds, text: said }) => ({
    start: milliseconds(startSeconds),
    end: milliseconds(endSeconds),
    lines: said.split('\n'),
  }));
