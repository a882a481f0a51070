import type { CueRules } from './cue-rules.js';
import { oneLine, type Segment, type Transcript } from './transcript.js';

/** What a podcast's feed says of an episode. */
export interface Episode {
  /** Name of the podcast. */
  podcast: string;
  title: string;
  /** ISO 8601. */
  published?: string;
  /** Address of the episode's own page. */
  link?: string;
  guid?: string;
}

/** What a writer needs besides the transcript. */
export interface Presentation {
  title: string;
  /** Set for an episode of a podcast. */
  episode?: Episode;
  /** Address of the audio as seen from the transcript's file; undefined: none. */
  audioUrl?: string;
  cues: CueRules;
  /** Names of the tracks of split channels, in their order. */
  speakers: readonly string[];
}

/** Pure. UTF-8, lines end with LF, and so does the file unless it is empty. */
export type Writer = (transcript: Transcript, presentation: Presentation) => string;

/**
 * A speaker's name, on one line.
 * @param speaker of a segment: the number of the track, from 1; a track without a name has its number
 */
export function speakerName(speaker: string, speakers: readonly string[]): string {
  const given = /^[1-9]\d*$/.test(speaker) ? speakers[Number(speaker) - 1] : undefined;
  return oneLine(given ?? '') || `Speaker ${oneLine(speaker)}`;
}

/** Who says a segment; undefined where channels were not split. */
export const speakerOf = ({ speaker }: Segment, { speakers }: Presentation): string | undefined =>
  speaker === undefined ? undefined : speakerName(speaker, speakers);
