const LONGEST = 500;

/**
 * Text from outside (a file's name, a container's message) for one line of a log. The runner reads commands from lines
 * that start with `::`, so a line break in a file's name must not start a new line.
 */
export function shown(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, escaped);
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line;
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
