import { MINIMUM_SECONDS } from '../cue-rules.js';

export interface Times {
  start: number;
  end: number;
}

/**
 * Milliseconds at which cues are shown and taken away: they rise, do not overlap, and do not pass the audio's end. A
 * short one stays on into the silence after it. Where speech overlaps, the one before gives way, but not before it
 * could be read; the next one is late by that.
 * @param said seconds in which each is said
 * @param duration of the audio, seconds
 * @param longest that a cue is shown, seconds
 */
export function shownAt(said: readonly Times[], duration: number, longest: number): Times[] {
  const shortest = milliseconds(Math.min(MINIMUM_SECONDS, longest));
  // A millisecond for each, even if the audio is said to be shorter than that.
  const last = Math.max(milliseconds(duration), said.length);
  let earliest = 0;
  const starts = said.map((times, index) => {
    const start = Math.min(Math.max(milliseconds(times.start), earliest), last - (said.length - index));
    earliest = start + Math.max(1, Math.min(milliseconds(times.end) - start, shortest));
    return start;
  });
  return said.map((times, index) => {
    const start = starts[index] ?? 0;
    const stays = Math.min(Math.max(milliseconds(times.end), start + shortest), start + milliseconds(longest));
    return { start, end: Math.max(start + 1, Math.min(stays, starts[index + 1] ?? last)) };
  });
}

const milliseconds = (seconds: number): number => Math.max(0, Math.round(seconds * 1000));
