import { escaped } from './escape.js';

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

const KEYS: [keys: string[], what: string][] = [
  [['Space', 'k'], 'play, pause'],
  [['←', '→'], '5 s back, on'],
  [['j', 'l'], '10 s back, on'],
  [['p', 'n'], 'previous, next phrase'],
  [['f'], 'follow the spoken words'],
  [['/'], 'search'],
  [['Enter', 'Shift Enter'], 'next, previous match'],
  [['Esc'], 'leave the search'],
  [['?'], 'this list'],
];

const iconButton = (name: string, label: string, path: string): string =>
  `<button type="button" class="icon ${name}" aria-label="${label}" title="${label}"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg></button>`;

/** The player with its search. The script shows what works with it only. @param audio address; undefined: none */
export const playerOf = (
  audio: string | undefined,
): string => `<section class="player" aria-label="Player" lang="en" dir="ltr">
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
${iconButton('previous', 'Previous match', 'm6 15 6-6 6 6')}
${iconButton('next', 'Next match', 'm6 9 6 6 6-6')}
${iconButton('from-match', 'Play from this match', 'M8 5v14l11-7z')}
</span>
</div>
</form>
<select class="speed" aria-label="Speed">${SPEEDS.map((speed) => `<option value="${speed}"${speed === 1 ? ' selected' : ''}>${speed}×</option>`).join('')}</select>
<button type="button" class="icon help" aria-label="Keys" title="Keys">?</button>
</div>
</div>
<button type="button" class="return" hidden>Back to the spoken words</button>
</section>`;

/** What the keys do. To switch them off is a right of who speaks to the machine (WCAG 2.2, 2.1.4). */
export const keysDialog = `<dialog aria-labelledby="keys" lang="en" dir="ltr">
<form method="dialog">
<h2 id="keys">Keys</h2>
<button class="icon" autofocus aria-label="Close" title="Close">×</button>
</form>
<dl>
${KEYS.map(([keys, what]) => `<dt>${keys.map((key) => `<kbd>${key}</kbd>`).join(' ')}</dt><dd>${what}</dd>`).join('\n')}
</dl>
<p>Click a word to go there. The address then leads to this moment.</p>
<label><input type="checkbox" checked> Keys work on the whole page</label>
</dialog>`;
