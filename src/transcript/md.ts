import { inMarkdown, inYaml, linkTarget } from './markdown.js';
import { paragraphsOf } from './paragraphs.js';
import { type Presentation, speakerName, type Writer } from './presentation.js';
import { joint } from './scripts.js';
import { clock } from './timestamp.js';
import { oneLine, type Segment, textLanguage } from './transcript.js';

/**
 * A page for Jekyll and GitHub: front matter, then paragraphs, each with its time (a link where the address of the audio
 * is known) and its speaker where that changes.
 */
export const writeMd: Writer = (transcript, presentation) => {
  const language = textLanguage(transcript);
  const matter = [
    '---',
    `title: ${inYaml(presentation.title)}`,
    ...episodeMatter(presentation),
    `language: ${inYaml(language)}`,
    `duration: ${inYaml(clock(transcript.duration))}`,
    '---',
  ];
  let speaking: string | undefined;
  const paragraphs = paragraphsOf(transcript).map(({ speaker, segments }) => {
    const name = speaker === undefined || speaker === speaking ? '' : nameOf(speaker, presentation);
    speaking = speaker;
    return `\n${timeOf(segments, presentation)} ${name}${inMarkdown(textOf(segments, language))}\n`;
  });
  return `${matter.join('\n')}\n${paragraphs.join('')}`;
};

/** Of an episode. Jekyll and Hugo read the day from `date`. */
function episodeMatter({ episode, audioUrl }: Presentation): string[] {
  if (!episode) return [];
  const { podcast, published, link, guid } = episode;
  const values = { date: published, podcast, link, audio: audioUrl, guid };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${inYaml(value)}`));
}

const nameOf = (speaker: string, { speakers }: Presentation): string =>
  `**${inMarkdown(speakerName(speaker, speakers))}:** `;

function timeOf([first]: readonly Segment[], { audioUrl }: Presentation): string {
  const start = Math.max(0, first?.start ?? 0);
  // Media fragments: https://www.w3.org/TR/media-frags/#naming-time
  return audioUrl === undefined
    ? `**${clock(start)}**`
    : `[${clock(start)}](${linkTarget(audioUrl)}#t=${Number(start.toFixed(2))})`;
}

function textOf(segments: readonly Segment[], language: string): string {
  let text = '';
  for (const segment of segments) {
    const next = oneLine(segment.text);
    text += joint(text, next, language) + next;
  }
  return text;
}
