import type { CueRules } from './cue-rules.js';
import type { Segment, Transcript } from './transcript.js';

/** What a writer needs besides the transcript. */
export interface Presentation {
  title: string;
  /** Address of the audio as seen from the transcript's file; undefined: none. */
  audioUrl?: string;
  cues: CueRules;
  /** Names of the tracks of split channels, in their order. */
  speakers: readonly string[];
}

/** Pure. UTF-8, lines end with LF, and so does the file unless it is empty. */
export type Writer = (transcript: Transcript, presentation: Presentation) => string;

/** Who speaks, by name, on one line; undefined where channels were not split. A track without a name has its number. */
export function speakerOf({ speaker }: Segment, { speakers }: Presentation): string | undefined {
  if (speaker === undefined) return undefined;
  const given = /^[1-9]\d*$/.test(speaker) ? speakers[Number(speaker) - 1] : undefined;
  const name = (given ?? '').replace(/\s+/g, ' ').trim();
  return name === '' ? `Speaker ${speaker.replace(/\s+/g, ' ').trim()}` : name;
}
