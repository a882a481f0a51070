import { pageAssets } from './html/assets.js';
import { escaped } from './html/escape.js';
import { textOf } from './html/text.js';
import type { Writer } from './presentation.js';
import { countWords, type Transcript, textLanguage } from './transcript.js';

/**
 * One page that needs nothing but itself and the audio: a player, the text, a search (docs/page.md). The address of the
 * audio is left out unless it is relative, http or https.
 */
export const writeHtml: Writer = (transcript, presentation) => {
  const { style, script, policy } = pageAssets();
  const language = languageOf(transcript);
  const title = escaped(presentation.title.trim() || 'Transcript');
  const audio = playable(presentation.audioUrl);
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
<p class="about"><bdi lang="en" dir="ltr">${escaped(aboutOf(transcript, language))}</bdi></p>
</header>
${player(audio)}
<main>
${textOf(transcript, presentation.speakers) || '<p><bdi lang="en" dir="ltr">No speech was found in this audio.</bdi></p>\n'}</main>
<footer><bdi lang="en" dir="ltr">${escaped(originOf(transcript))}</bdi></footer>
${HELP}
<script type="module">${script}</script>
</body>
</html>
`;
};

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#0b5c8e"/><path d="M4 6v4M8 4v8M12 6v4" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>';

const icon = (path: string): string => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;

const player = (audio: string | undefined): string => `<section class="player" aria-label="Player" lang="en" dir="ltr">
<div class="player-inner">
<audio controls preload="metadata"${audio === undefined ? ' hidden' : ` src="${escaped(audio)}"`}></audio>
<p class="missing"${audio === undefined ? '' : ' hidden'}><span>This page has no audio.</span>
<label class="button tool">Open the audio file<input class="offscreen" type="file" accept="audio/*,video/*"></label></p>
<div class="tools tool">
<form class="search" role="search">
<input type="search" aria-label="Search the text" placeholder="Search" autocomplete="off" spellcheck="false" dir="auto">
<div class="result">
<output></output>
<span class="steps" hidden>
<button type="button" class="icon previous" aria-label="Previous match">${icon('m6 15 6-6 6 6')}</button>
<button type="button" class="icon next" aria-label="Next match">${icon('m6 9 6 6 6-6')}</button>
<button type="button" class="icon from-match" aria-label="Play from this match">${icon('M8 5v14l11-7z')}</button>
</span>
</div>
</form>
<select class="speed" aria-label="Speed">${SPEEDS.map((speed) => `<option value="${speed}"${speed === 1 ? ' selected' : ''}>${speed}×</option>`).join('')}</select>
<button type="button" class="icon help" aria-label="Keys">?</button>
</div>
</div>
<button type="button" class="return" hidden>Back to the spoken words</button>
</section>`;

const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2];

const KEYS: [keys: string[], what: string][] = [
  [['Space', 'k'], 'play, pause'],
  [['←', '→'], '5 seconds back, on'],
  [['j', 'l'], '10 seconds back, on'],
  [['p', 'n'], 'previous, next phrase'],
  [['f'], 'follow the spoken words'],
  [['/'], 'search'],
  [['Enter', 'Shift Enter'], 'next, previous match'],
  [['Esc'], 'leave the search'],
  [['?'], 'this list'],
];

const HELP = `<dialog aria-labelledby="keys" lang="en" dir="ltr">
<h2 id="keys">Keys</h2>
<dl>
${KEYS.map(([keys, what]) => `<dt>${keys.map((key) => `<kbd>${key}</kbd>`).join(' ')}</dt><dd>${what}</dd>`).join('\n')}
</dl>
<p>Click a word to go there. The address then leads to this moment.</p>
<label><input type="checkbox" checked> Keys work on the whole page</label>
<form method="dialog"><button autofocus>Close</button></form>
</dialog>`;

/** The address, unless it could be anything but audio from beside the page or from a server. */
function playable(address: string | undefined): string | undefined {
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

function originOf({ ['model']: model }: Transcript): string {
  const name = typeof model === 'string' && model !== '' ? ` (${model})` : '';
  return `Transcribed by a machine, Whisper${name}. Names and numbers can be wrong: listen where it matters.`;
}
