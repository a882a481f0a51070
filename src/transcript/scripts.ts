/** Scripts that are written without spaces between words. */
const SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan'];
const CLASS = SCRIPTS.map((script) => `\\p{Script_Extensions=${script}}`).join('');
const IN_SCRIPT = new RegExp(`[${CLASS}\\uFF00-\\uFFEF]`, 'u');
const KANA = /[\p{Script_Extensions=Hiragana}\p{Script_Extensions=Katakana}]/u;

/** Languages that are written without spaces between words. */
const LANGUAGES = new Set(['ja', 'zh', 'yue', 'th', 'lo', 'km', 'my', 'bo']);

export const isUnspacedLanguage = (language: string): boolean => LANGUAGES.has(language);
/** Whether the text has a character of a script without spaces, or its full-width punctuation. */
export const hasUnspaced = (text: string): boolean => IN_SCRIPT.test(text);
export const hasKana = (text: string): boolean => KANA.test(text);

/** What stands between two texts that follow each other: nothing in a script without spaces, else a space. */
export function joint(before: string, after: string, language: string): '' | ' ' {
  if (before === '' || after === '') return '';
  const left = hasUnspaced(before.slice(-1));
  const right = hasUnspaced(after.slice(0, 1));
  return (isUnspacedLanguage(language) ? left || right : left && right) ? '' : ' ';
}
