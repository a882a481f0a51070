import { paragraphsOf } from '../paragraphs.js';
import { speakerName } from '../presentation.js';
import { joint } from '../scripts.js';
import { clock } from '../timestamp.js';
import { oneLine, type Segment, type Transcript, textLanguage } from '../transcript.js';
import { escaped } from './escape.js';
import { wordPairs } from './words.js';

/** The paragraphs. Each has a link to its moment, which works without a script too; each segment is a cue. */
export function textOf(transcript: Transcript, speakers: readonly string[]): string {
  const language = textLanguage(transcript);
  const ids = new Set<string>();
  let speaking: string | undefined;
  const paragraphs = paragraphsOf(ascending(transcript)).map(({ speaker, segments }) => {
    const start = seconds(segments[0]?.start ?? 0);
    const id = ids.has(start) ? '' : ` id="t=${start}"`;
    ids.add(start);
    const name =
      speaker === undefined || speaker === speaking
        ? ''
        : `<p class="speaker" dir="auto">${escaped(speakerName(speaker, speakers))}</p>\n`;
    speaking = speaker;
    return `<div class="paragraph"${id}>
${name}<a class="time" href="#t=${start}" lang="en" dir="ltr">${clock(Number(start))}</a>
<p class="text" dir="auto">${cues(segments, language)}</p>
</div>
`;
  });
  return paragraphs.join('');
}

/** The page looks cues up by their start: it rises, also where Whisper's segments overlap. */
function ascending(transcript: Transcript): Transcript {
  let latest = 0;
  const segments = transcript.segments.map((segment) => {
    latest = Math.max(latest, segment.start);
    return { ...segment, start: latest, end: Math.max(latest, segment.end) };
  });
  return { ...transcript, segments };
}

function cues(segments: readonly Segment[], language: string): string {
  let before = '';
  let written = '';
  for (const segment of segments) {
    const text = oneLine(segment.text);
    const words = wordPairs(text, segment);
    const times = `data-start="${seconds(segment.start)}" data-end="${seconds(segment.end)}"`;
    written += `${joint(before, text, language)}<span class="cue" ${times}${words && ` data-words="${words}"`}>${escaped(text)}</span>`;
    before = text;
  }
  return written;
}

/** With hundredths at most, as `12.3`. */
const seconds = (time: number): string => String(Number(time.toFixed(2)));
