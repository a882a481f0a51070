import { pageAssets } from './html/assets.js';
import { keysDialog, playerOf } from './html/controls.js';
import { escaped } from './html/escape.js';
import { textOf } from './html/text.js';
import type { Presentation, Writer } from './presentation.js';
import { countWords, type Transcript, textLanguage } from './transcript.js';

/**
 * One page that needs nothing but itself and the audio: a player, the text, a search (docs/page.md). The address of the
 * audio is left out unless it is relative, http or https.
 */
export const writeHtml: Writer = (transcript, presentation) => {
  const { style, script, policy } = pageAssets();
  const language = languageOf(transcript);
  const title = escaped(presentation.title.trim() || 'Transcript');
  const audio = webAddress(presentation.audioUrl);
  const origin = episodeOf(presentation);
  return `<!doctype html>
<html lang="${language}" dir="${directionOf(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}">
<style>${style}</style>
</head>
<body>
<header class="title">
<h1 dir="auto">${title}</h1>
<p class="about"><bdi lang="en" dir="ltr">${escaped(aboutOf(transcript, language))}</bdi></p>${origin}
</header>
${playerOf(audio)}
<main>
${textOf(transcript, presentation.speakers) || '<p><bdi lang="en" dir="ltr">No speech was found in this audio.</bdi></p>\n'}</main>
<footer><bdi lang="en" dir="ltr">${escaped(originOf(transcript))}</bdi></footer>
${keysDialog}
<script type="module">${script}</script>
</body>
</html>
`;
};

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#0b5c8e"/><path d="M4 6v4M8 4v8M12 6v4" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>';

/** The address, unless it could be anything but one of something beside the page or on a server. */
function webAddress(address: string | undefined): string | undefined {
  if (!address || !URL.canParse(address, 'https://beside.invalid/')) return undefined;
  const { protocol } = new URL(address, 'https://beside.invalid/');
  return protocol === 'https:' || protocol === 'http:' ? address : undefined;
}

/** Language of the text as a BCP 47 tag: some codes of Whisper are old (`jw`). */
function languageOf(transcript: Transcript): string {
  try {
    return Intl.getCanonicalLocales(textLanguage(transcript))[0] ?? 'und';
  } catch {
    return 'und';
  }
}

/** Languages of Whisper that are written from right to left. */
const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ps', 'sd', 'ur', 'yi']);

const directionOf = (language: string): 'ltr' | 'rtl' => (RIGHT_TO_LEFT.has(language) ? 'rtl' : 'ltr');

/** `1 h 2 min · English · 9,843 words` */
function aboutOf(transcript: Transcript, language: string): string {
  const minutes = Math.round(transcript.duration / 60);
  const length =
    transcript.duration < 60
      ? `${Math.round(transcript.duration)} s`
      : `${minutes >= 60 ? `${Math.floor(minutes / 60)} h ` : ''}${minutes % 60} min`;
  const name = language === 'und' ? [] : [new Intl.DisplayNames('en', { type: 'language' }).of(language)];
  return [length, ...name, `${countWords(transcript).toLocaleString('en')} words`].join(' · ');
}

/** Podcast, with a link to the episode's own page, and day (UTC) of an episode; empty for other audio. */
function episodeOf({ episode }: Presentation): string {
  if (!episode) return '';
  const { podcast, published, link } = episode;
  const page = webAddress(link);
  const name = page === undefined ? escaped(podcast) : `<a href="${escaped(page)}">${escaped(podcast)}</a>`;
  const day =
    published === undefined
      ? ''
      : ` · <time datetime="${escaped(published)}">${escaped(published.slice(0, 10))}</time>`;
  return `\n<p class="about"><bdi dir="auto">${name}</bdi>${day}</p>`;
}

function originOf({ ['model']: model }: Transcript): string {
  const name = typeof model === 'string' && model !== '' ? ` (${model})` : '';
  return `Transcribed by a machine, Whisper${name}. Names and numbers can be wrong: listen where it matters.`;
}
