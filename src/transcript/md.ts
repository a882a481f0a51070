import type { Writer } from './presentation.js';
import { oneLine } from './transcript.js';

/** Markdown that is safe in Jekyll: no markup comes out of the text. */
export const writeMd: Writer = ({ segments, language, duration }, { title }) => {
  const paragraphs = segments.map(({ text }) => `\n${escaped(oneLine(text))}\n`);
  return `---\ntitle: ${JSON.stringify(title)}\nlanguage: ${JSON.stringify(language)}\nduration: ${duration}\n---\n${paragraphs.join('')}`;
};

const escaped = (text: string): string =>
  text.replace(/[\\`*_{}[\]<>()#+\-.!|&~=:"'$%^@]/g, (mark) => `&#${mark.charCodeAt(0)};`);
