/** What Markdown, kramdown's extensions and Liquid read as markup; a backslash takes that from them. */
const MARKED = /[\\`*_[\]|]/g;
/** What also has a meaning behind a backslash, to HTML, Liquid, GitHub's formulas or its links to users. */
const ENTITIES = /[&<>{}~$@]/g;
/** Addresses become links all by themselves. */
const LINKED = /(?<=\b(?:https?|ftp)):(?=\/\/)|(?<=\bwww)\./gi;

const entity = (character: string): string => `&#${character.codePointAt(0)};`;

/**
 * Text on one line, for the middle of a Markdown paragraph: no markup comes out of it, in CommonMark, GitHub's Markdown
 * or Jekyll (kramdown and Liquid).
 */
export const inMarkdown = (text: string): string =>
  text.replace(ENTITIES, entity).replace(MARKED, '\\$&').replace(LINKED, entity);

/** An address as the target of a Markdown link; what is percent-encoded already stays so. */
export const linkTarget = (url: string): string =>
  encodeURI(url.toWellFormed())
    .replace(/%25(?=[0-9a-f]{2})/gi, '%')
    .replace(/[()]/g, (bracket) => (bracket === '(' ? '%28' : '%29'));

/** A string as YAML that can be nothing but that string: JSON's, with what YAML does not print escaped as well. */
export const inYaml = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replace(
    /[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
