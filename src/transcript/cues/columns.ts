import { eastAsianWidth } from 'get-east-asian-width';

/** Flags, and emoji with a skin, a selector or others joined to them: each is drawn as one picture. */
const PICTURE = /\p{RI}{2}|\p{Emoji}(?:\p{EMod}|\u{FE0F}|\u{200D}\p{Emoji})+/gu;
const NARROW = /^[ -~]*$/;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;

/** Columns that a line of text takes: wide characters two (Unicode Standard Annex 11), combining marks none. */
export function columns(text: string): number {
  if (NARROW.test(text)) return text.length;
  let sum = 0;
  for (const character of text.replace(PICTURE, '＠')) {
    if (!INVISIBLE.test(character)) sum += eastAsianWidth(character.codePointAt(0) ?? 0);
  }
  return sum;
}
