import type { Transcript } from './transcript.js';

/** The transcript as the container answered it, indented. */
export const writeJson = (transcript: Transcript): string => `${JSON.stringify(transcript, undefined, 2)}\n`;
