// @ts-check
// Marks what is spoken, and keeps it in sight for as long as the reader follows: who scrolls by hand stops following.

/** @typedef {ReturnType<typeof createFollower>} Follower */

/** A cue stays marked for this long after its end, seconds: short pauses do not flicker, music is not spoken. */
const LINGER = 1;

/** @param {ReturnType<typeof createCues>} cues */
function createFollower(cues) {
  const button = element('.return', HTMLButtonElement);
  const player = element('.player', HTMLElement);
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  let following = true;
  /** @type {Cue | undefined} */
  let cue;
  /** @type {Word[]} */
  let words = [];
  /** @type {Word | undefined} */
  let word;

  /** The spoken word, or the cue where it has no words. @returns {Range | HTMLElement | undefined} */
  function spoken() {
    const text = cue?.element.firstChild;
    if (!text || !word) return cue?.element;
    const range = new Range();
    range.setStart(text, word.from);
    range.setEnd(text, word.to);
    return range;
  }

  /** @param {Range | HTMLElement} target */
  function reveal(target) {
    const { top, bottom } = target.getBoundingClientRect();
    const ceiling = player.getBoundingClientRect().bottom;
    const room = innerHeight - ceiling;
    if (top > ceiling && bottom < ceiling + room * 0.8) return;
    const distance = top - ceiling - room * 0.25;
    const near = Math.abs(distance) < innerHeight;
    scrollBy({ top: distance, behavior: near && !calm.matches ? 'smooth' : 'instant' });
    // The text on a long way is laid out only when it gets there, and then takes its real height.
    if (!near) requestAnimationFrame(() => requestAnimationFrame(() => following && reveal(target)));
  }

  function stop() {
    following = false;
    button.hidden = cue === undefined;
  }

  function resume() {
    following = true;
    button.hidden = true;
    const target = spoken();
    if (target) reveal(target);
  }

  /** @param {number} time seconds */
  function show(time) {
    const began = cues.list[cues.indexAt(time)];
    const nextCue = began && time < began.end + LINGER ? began : undefined;
    if (nextCue !== cue) {
      cue?.element.removeAttribute('aria-current');
      nextCue?.element.setAttribute('aria-current', 'true');
      words = nextCue ? cues.wordsOf(nextCue) : [];
    }
    const nextWord = words.findLast(({ start }) => start <= time);
    if (nextCue === cue && nextWord === word) return;
    cue = nextCue;
    word = nextWord;
    const target = spoken();
    mark('word', target instanceof Range ? [target] : []);
    if (target && following) reveal(target);
    button.hidden = following || cue === undefined;
  }

  button.addEventListener('click', resume);
  /** Fingers and keys on the player move its slider, its volume or its list. @param {EventTarget | null} target */
  const onPage = (target) => !(target instanceof Node && player.contains(target));
  addEventListener('wheel', stop, { passive: true });
  addEventListener('touchmove', ({ target }) => onPage(target) && stop(), { passive: true });
  addEventListener('keydown', ({ key, target }) => {
    if (['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End'].includes(key) && onPage(target)) stop();
  });
  addEventListener('pointerdown', ({ target, clientX }) => {
    // The scroll bar belongs to the root and lies beside what the root shows.
    const { clientLeft, clientWidth } = document.documentElement;
    if (target === document.documentElement && (clientX < clientLeft || clientX >= clientWidth)) stop();
  });
  document.addEventListener('selectionchange', () => {
    if (getSelection()?.isCollapsed === false) stop();
  });

  return { show, stop, resume };
}
