const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for an element or a quoted attribute. HTML has no way to write NUL: it becomes U+FFFD. */
export const escaped = (text: string): string =>
  text.replaceAll('\0', '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
