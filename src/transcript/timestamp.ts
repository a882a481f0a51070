const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');

/**
 * `hh:mm:ss` and the milliseconds after `separator`. Hours grow past two digits.
 * @param time whole milliseconds
 */
export const timestamp = (time: number, separator: ',' | '.'): string =>
  `${two(time / 3_600_000)}:${two((time / 60_000) % 60)}:${two((time / 1000) % 60)}${separator}${String(time % 1000).padStart(3, '0')}`;

/** `2:03`, or `1:02:03` from an hour on. */
export function clock(seconds: number): string {
  const whole = Math.floor(Math.max(0, seconds));
  const minutes = Math.floor(whole / 60);
  return whole < 3600
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
