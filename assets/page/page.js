// @ts-check
// Ties the parts together: clicks, keys and the address move the audio, the audio moves the mark in the text.

const SKIP = { short: 5, long: 10 };

const main = element('main', HTMLElement);
const cues = createCues(main);
const follower = createFollower(cues);
const player = createPlayer(follower.show);
const search = createSearch(cues, follower, (time) => {
  goTo(time);
  player.play();
});
const help = element('dialog', HTMLDialogElement);
const singleKeys = element('dialog input', HTMLInputElement);

/** Where the reader chose to be: there the page follows again. @param {number} time seconds */
function goTo(time) {
  showAddress(time);
  player.seek(time);
  follower.resume();
}

/** To the next cue, or the one before. @param {1 | -1} direction */
function step(direction) {
  const last = cues.list.length - 1;
  const cue = cues.list[Math.max(0, Math.min(cues.indexAt(player.now()) + direction, last))];
  if (cue) goTo(cue.start);
}

function followAddress() {
  const time = momentOf(location.hash);
  if (time !== undefined) goTo(time);
}

main.addEventListener('click', (event) => {
  const { target, clientX, clientY } = event;
  if (!(target instanceof Element) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = target.closest('a.time');
  if (link instanceof HTMLAnchorElement) {
    // The browser itself does nothing on the second click on a link to where the address is already.
    event.preventDefault();
    goTo(momentOf(link.hash) ?? 0);
    return;
  }
  const clicked = target.closest('.cue');
  const cue = clicked && cues.of(clicked);
  // Who selects text does not mean to go there.
  if (!cue || getSelection()?.isCollapsed === false) return;
  const caret = document.caretPositionFromPoint?.(clientX, clientY);
  const within = caret?.offsetNode === cue.element.firstChild;
  goTo(within ? cues.timeAt(cue, caret.offset) : cue.start);
});

/** @type {Record<string, () => void>} */
const keys = {
  ' ': player.toggle,
  k: player.toggle,
  j: () => player.seek(player.now() - SKIP.long),
  l: () => player.seek(player.now() + SKIP.long),
  ArrowLeft: () => player.seek(player.now() - SKIP.short),
  ArrowRight: () => player.seek(player.now() + SKIP.short),
  p: () => step(-1),
  n: () => step(1),
  f: follower.resume,
  '/': search.open,
  '?': () => help.showModal(),
};

/** The key by its letter on a Latin keyboard, whatever script the reader's keyboard is set to. @param {KeyboardEvent} event */
const latin = ({ key, code }) => (key > '\u007f' && /^Key[A-Z]$/.test(code) ? code.slice(3) : key).toLowerCase();

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || help.open) return;
  const target = event.target instanceof Element ? event.target : document.body;
  const key = event.key.length === 1 ? latin(event) : event.key;
  const act = keys[key];
  // Fields take every key; the browser's own player, buttons and links take those that work them.
  if (!act || !singleKeys.checked || target.closest('input:not([type=file]), select')) return;
  if (target.closest('audio, button, input') && [' ', 'ArrowLeft', 'ArrowRight'].includes(key)) return;
  event.preventDefault();
  act();
});

element('.help', HTMLButtonElement).addEventListener('click', () => help.showModal());
addEventListener('hashchange', followAddress);
followAddress();
