// Where Japanese and Chinese lines must not break (kinsoku), by the character classes of the W3C's Requirements for
// Japanese Text Layout, 3.1.7 to 3.1.10 and appendix A (https://www.w3.org/TR/jlreq/).
import { hasUnspaced } from '../scripts.js';

/** Closing brackets, dividing marks, full stops and commas: never at the start of a line. */
const CLOSING = '、。，．｡､！？‼⁇⁈⁉：；）〕］｝〉》」』】｠〙〗〟｣';
/** Never at its end. */
const OPENING = '（〔［｛〈《「『【｟〘〖〝｢';
/** Neither these, inside a text that runs on: an utterance may begin with them. The last two are Thai. */
const NOT_FIRST = `’”»)\\]}!?,.:;%‰℃°′″・･‐–〜～゠ーｰヽヾゝゞ々〻ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰ-ㇿｧ-ｯﾞﾟๆฯ`;
const NOT_LAST = '‘“«(\\[{$¥￥＄£￡€#＃№';

const CLOSING_FIRST = new RegExp(`^[${CLOSING}]+`, 'u');
const OPENING_LAST = new RegExp(`[${OPENING}]+$`, 'u');
const FIRST_FORBIDDEN = new RegExp(`^[${CLOSING}${NOT_FIRST}]`, 'u');
const LAST_FORBIDDEN = new RegExp(`[${OPENING}${NOT_LAST}]$`, 'u');
/** Marks that stand between spaces, as French sets them: they stay with the word that they belong to. */
const LONE_CLOSING = /^[!?:;,.%»)\]}]+$/u;
const LONE_OPENING = /^[«¿¡([{]+$/u;

/** Whether a line may end before `offset` of a text on one line, where no space is. */
export function mayBreakInside(text: string, offset: number): boolean {
  const before = characterBefore(text, offset);
  const after = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  if (!hasUnspaced(before) && !hasUnspaced(after)) return false;
  return !FIRST_FORBIDDEN.test(after) && !LAST_FORBIDDEN.test(before);
}

/** Whether a line may end at a space: not beside marks that have one between them and their word. */
export const mayBreakBetween = (before: string, after: string): boolean =>
  !LONE_CLOSING.test(after) && !LONE_OPENING.test(before);

/** How many closing marks a text starts with, which belong to what is before it. */
export const leadingClosing = (text: string): number => text.match(CLOSING_FIRST)?.[0].length ?? 0;
/** How many opening marks a text ends with, which belong to what comes after it. */
export const trailingOpening = (text: string): number => text.match(OPENING_LAST)?.[0].length ?? 0;

function characterBefore(text: string, offset: number): string {
  const unit = text.charCodeAt(offset - 1);
  return text.slice(unit >= 0xdc00 && unit <= 0xdfff ? offset - 2 : offset - 1, offset);
}
