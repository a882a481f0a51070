/** For the text of an element. Control characters but tabs and line breaks cannot be in XML at all. */
export const xmlText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\P{Cc}\t\n]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

/** For the value of an attribute, in double quotes and on one line. */
export const xmlValue = (text: string): string => xmlText(text.replace(/\p{Cc}/gu, '')).replaceAll('"', '&quot;');
