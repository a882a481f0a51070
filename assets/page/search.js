// @ts-check
// Find as you type, blind to case, diacritics and width, over the borders of cues.

/** @typedef {[from: number, to: number]} Span places in the whole text */

/** Accents, Arabic and Hebrew vowel points; not the marks that make another syllable in Japanese, Thai or Hindi. */
const ACCENTS = /[[\p{Mn}&&\p{Diacritic}]--[\u3099\u309a]]/gv;

/**
 * Text as it is compared, and for each of its characters the place of the one that it comes from; one place more for
 * the end.
 * @param {string} text
 */
function fold(text) {
  let folded = '';
  /** @type {number[]} */
  const places = [];
  let place = 0;
  for (const character of text) {
    const plain =
      character < '\u0080'
        ? character.toLowerCase()
        : character.normalize('NFKD').replace(ACCENTS, '').toUpperCase().toLowerCase();
    for (let index = 0; index < plain.length; index += 1) places.push(place);
    folded += plain;
    place += character.length;
  }
  places.push(place);
  return { folded, places };
}

/** The whole text, and which cue a place in it belongs to. @param {Cue[]} list */
function createIndex(list) {
  let text = '';
  const starts = list.map(({ element: cue }) => {
    const start = text.length;
    const { nextSibling } = cue;
    // A space follows, in Japanese the next cue, or the end of the paragraph.
    text += `${cue.textContent}${nextSibling instanceof Text ? nextSibling.data : nextSibling ? '' : '\n'}`;
    return start;
  });
  const { folded, places } = fold(text);

  /** @param {number} place */
  function locate(place) {
    const index = lastUpTo(starts, place);
    const cue = /** @type {Cue} */ (list[index]);
    const node = /** @type {Text} */ (cue.element.firstChild);
    return { cue, node, offset: place - (starts[index] ?? 0) };
  }

  return {
    /** @param {Span} span */
    range([from, to]) {
      const first = locate(from);
      const last = locate(to - 1);
      return new StaticRange({
        startContainer: first.node,
        startOffset: Math.min(first.offset, first.node.length),
        endContainer: last.node,
        endOffset: Math.min(last.offset + 1, last.node.length),
      });
    },

    locate,

    /** @param {string} query @returns {Span[]} */
    find(query) {
      const wanted = fold(query.replace(/\s+/g, ' ')).folded;
      /** @type {Span[]} */
      const found = [];
      if (wanted.trim() === '') return found;
      for (let at = folded.indexOf(wanted), end = 0; at !== -1; at = folded.indexOf(wanted, end)) {
        end = at + wanted.length;
        // One character may be two when it is compared: it is found once, and whole.
        while (places[end] === places[end - 1]) end += 1;
        found.push([places[at] ?? 0, places[end] ?? 0]);
      }
      return found;
    },
  };
}

/** @param {number} number */
const grouped = (number) => number.toLocaleString('en');

/**
 * @param {ReturnType<typeof createCues>} cues
 * @param {Follower} follower
 * @param {(time: number) => void} playFrom seconds
 */
function createSearch(cues, follower, playFrom) {
  const field = element('.search input', HTMLInputElement);
  const count = element('.search output', HTMLOutputElement);
  const steps = element('.steps', HTMLElement);
  /** @type {ReturnType<typeof createIndex> | undefined} made when it is needed first */
  let index;
  /** @type {Span[]} */
  let found = [];
  let chosen = 0;

  function find() {
    index ??= createIndex(cues.list);
    const { range, find } = index;
    found = find(field.value);
    mark('found', found.map(range));
    steps.hidden = found.length === 0;
    choose(0);
  }

  /** @param {number} next index; beyond one end it goes on at the other */
  function choose(next) {
    chosen = (next + found.length) % found.length || 0;
    const span = found[chosen];
    mark('chosen', span && index ? [index.range(span)] : []);
    count.value = span ? `${grouped(chosen + 1)} of ${grouped(found.length)}` : field.value.trim() && 'No match';
    if (!span || !index) return;
    follower.stop();
    index.locate(span[0]).cue.element.scrollIntoView({ block: 'center' });
  }

  function close() {
    field.value = '';
    field.blur();
    find();
  }

  field.addEventListener('input', find);
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter') choose(chosen + (event.shiftKey ? -1 : 1));
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
  });
  element('.search', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
  element('.previous', HTMLButtonElement).addEventListener('click', () => choose(chosen - 1));
  element('.next', HTMLButtonElement).addEventListener('click', () => choose(chosen + 1));
  element('.from-match', HTMLButtonElement).addEventListener('click', () => {
    const span = found[chosen];
    if (!span || !index) return;
    const { cue, offset } = index.locate(span[0]);
    playFrom(cues.timeAt(cue, offset));
  });

  return {
    open() {
      field.focus();
      field.select();
    },
  };
}
