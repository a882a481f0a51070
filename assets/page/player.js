// @ts-check
// The audio: playing, seeking, another file in its place. Without any audio there still is a moment that the reader chose.

/** @typedef {ReturnType<typeof createPlayer>} Player */

/**
 * @param {(time: number) => void} moved called whenever the moment may be another one; seconds
 */
function createPlayer(moved) {
  const audio = element('audio', HTMLAudioElement);
  const missing = element('.missing', HTMLElement);
  const opener = element('.missing input', HTMLInputElement);
  const speed = element('.speed', HTMLSelectElement);
  let moment = 0;
  let file = '';

  const usable = () => !audio.hidden;
  const now = () => (usable() ? audio.currentTime : moment);

  function tick() {
    moved(now());
    if (!audio.paused) requestAnimationFrame(tick);
  }
  audio.addEventListener('play', tick);
  for (const event of ['seeking', 'timeupdate']) audio.addEventListener(event, () => moved(now()));

  audio.addEventListener('error', () => {
    moment = now();
    element('.missing span', HTMLElement).textContent = file
      ? 'This browser cannot play that file.'
      : 'The audio could not be loaded.';
    audio.hidden = true;
    missing.hidden = false;
  });

  opener.addEventListener('change', () => {
    const chosen = opener.files?.[0];
    if (!chosen) return;
    moment = now();
    URL.revokeObjectURL(file);
    file = URL.createObjectURL(chosen);
    audio.src = file;
    audio.currentTime = moment;
    audio.hidden = false;
    missing.hidden = true;
  });

  speed.addEventListener('change', () => {
    // The default as well: opening another file goes back to it.
    audio.defaultPlaybackRate = Number(speed.value);
    audio.playbackRate = Number(speed.value);
  });
  audio.addEventListener('ratechange', () => {
    speed.value = String(audio.playbackRate);
  });

  function play() {
    // Refused until the reader has touched the page, and for audio that cannot be loaded: then it stays paused.
    if (usable()) audio.play().catch(() => undefined);
    else opener.focus();
  }

  return {
    now,
    play,

    toggle() {
      if (audio.paused) play();
      else audio.pause();
    },

    /** @param {number} time seconds; what lies outside of the audio goes to its nearer end */
    seek(time) {
      moment = Math.max(0, time);
      if (usable()) audio.currentTime = Math.min(moment, audio.duration || Number.MAX_VALUE);
      moved(moment);
    },
  };
}

/**
 * The moment that an address leads to: `#t=123.4` or `#t=1:02:03` (Media Fragments, 4.2.1), in seconds.
 * @param {string} hash
 */
function momentOf(hash) {
  const [, clock] = /^#t=((?:\d+:)?(?:\d+:)?\d+(?:\.\d+)?)$/.exec(hash) ?? [];
  return clock?.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);
}

/** Puts a moment into the address, to be copied. @param {number} time */
function showAddress(time) {
  try {
    history.replaceState(null, '', `#t=${Number(time.toFixed(2))}`);
  } catch {
    // A page within a sandbox has no address of its own.
  }
}
