// @ts-check
// What the page's text says about time: a cue has its start and end in seconds, and for each word of it a pair of numbers,
// the word's place in the cue's text and the hundredths of a second from the cue's start.

/**
 * @typedef {{ element: HTMLElement, start: number, end: number }} Cue
 * @typedef {{ from: number, to: number, start: number }} Word `from` and `to` are places in the text of its cue
 */

/**
 * The one element that the selector finds, as what it is.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
function element(selector, type) {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`The page has no ${selector}`);
  return found;
}

/**
 * Index of the last of these ascending values that is `limit` at most; -1 when the first is more.
 * @param {number[]} values
 * @param {number} limit
 */
function lastUpTo(values, limit) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** @param {HTMLElement} main */
function createCues(main) {
  /** @type {Cue[]} in the order of their start */
  const list = Array.from(main.querySelectorAll('.cue'), (found) => {
    const cue = /** @type {HTMLElement} */ (found);
    return { element: cue, start: Number(cue.dataset.start), end: Number(cue.dataset.end) };
  });
  const indices = new Map(list.map((cue, index) => [cue.element, index]));

  const starts = list.map(({ start }) => start);

  /** The words of a cue, none where their times are not known. @param {Cue} cue @returns {Word[]} */
  function wordsOf({ element: { dataset, textContent }, start }) {
    const numbers = dataset.words?.split(' ').map(Number) ?? [];
    /** @type {Word[]} */
    const words = [];
    for (let index = 0; index + 1 < numbers.length; index += 2) {
      const [from = 0, hundredths = 0, next = textContent.length] = numbers.slice(index, index + 3);
      const to = from + textContent.slice(from, next).trimEnd().length;
      words.push({ from, to, start: start + hundredths / 100 });
    }
    return words;
  }

  return {
    list,
    wordsOf,

    /** Index of the cue that began last at `time`; -1 before the first. @param {number} time */
    indexAt: (time) => lastUpTo(starts, time),

    /** @param {Element} cue */
    of: (cue) => list[indices.get(/** @type {HTMLElement} */ (cue)) ?? -1],

    /** When the word at this place in a cue's text begins. @param {Cue} cue @param {number} place */
    timeAt: (cue, place) => wordsOf(cue).findLast(({ from }) => from <= place)?.start ?? cue.start,
  };
}

/**
 * Marks parts of the text without touching the document (CSS Custom Highlight API); a browser that lacks it shows the
 * spoken cue only.
 * @param {string} name of the style, ::highlight(name)
 * @param {AbstractRange[]} ranges
 */
function mark(name, ranges) {
  if ('highlights' in CSS) CSS.highlights.set(name, new Highlight(...ranges));
}
