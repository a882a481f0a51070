/** `hh:mm:ss` and the milliseconds after `separator`. Hours grow past two digits. */
export function timestamp(time: number, separator: ',' | '.'): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const clock = `${two(time / 3_600_000)}:${two((time / 60_000) % 60)}:${two((time / 1000) % 60)}`;
  return `${clock}${separator}${String(time % 1000).padStart(3, '0')}`;
}
