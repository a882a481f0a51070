"""Words with their times, and the speech that none of them covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from pipeline import quality
from pipeline.decoding import Alignment
from pipeline.pieces import FRAMES_A_SECOND
from pipeline.windows import Window

# A word lasts at most this long, in frames: so much, and so much for each of its characters. What the alignment gives
# it beyond that is not it, but a pause, or speech without text.
WORD_FRAMES = 40
CHARACTER_FRAMES = 12
# Speech without a word shorter than this, in frames, may be laughter, breath, or an alignment that is a little off.
HOLE = 100
PREPENDED = "\"'“¿([{-「『（"
APPENDED = "\"'.。,，!！?？:：”)]}、」』）…"


@dataclass(frozen=True)
class Word:
    """`text` with its spaces and punctuation. `start` and `end` are frames of the window."""

    text: str
    start: float
    end: float
    probability: float


def words(tokenizer: Tokenizer, tokens: Sequence[int], alignment: Alignment) -> list[Word]:
    """The text's words, punctuation with the word that it belongs to."""
    if not tokens:
        return []
    texts, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    found, first = [], 0
    for text, part in zip(texts[:-1], parts[:-1], strict=True):
        after = first + len(part)
        start, end = alignment.frames[first], alignment.frames[min(after, len(alignment.frames) - 1)]
        longest = WORD_FRAMES + CHARACTER_FRAMES * len(text.strip())
        if found or after == len(tokens):
            end = min(end, start + longest)
        else:
            start = max(start, end - longest)  # To the first word the alignment adds all that is before it.
        found.append(Word(text, float(start), float(end), float(np.mean(alignment.probabilities[first:after]))))
        first = after
    return _punctuated(found)


def _punctuated(found: Sequence[Word]) -> list[Word]:
    out: list[Word] = []
    opening: Word | None = None
    for word in found:
        mark = word.text.strip()
        if opening is not None:
            word = replace(word, text=opening.text + word.text.lstrip() if opening.text.strip() else word.text)
            opening = None
        if out and mark and not word.text.startswith(" ") and all(letter in APPENDED for letter in mark):
            out[-1] = replace(out[-1], text=out[-1].text + word.text)
        elif word.text.startswith(" ") and mark and all(letter in PREPENDED for letter in mark):
            opening = word
        else:
            out.append(word)
    return out if opening is None else [*out, opening]


def without_loops(found: Sequence[Word]) -> list[Word]:
    """Of what is said over and over, the first time."""
    left = list(found)
    while True:
        said = [(number, plain) for number, word in enumerate(left) for plain in quality.words(word.text)]
        loop = quality.loop([plain for _, plain in said])
        if loop is None:
            return left
        again, end = loop
        dropped = {number for number, _ in said[again:end]} - {said[again - 1][0]}
        if not dropped:
            return left
        left = [word for number, word in enumerate(left) if number not in dropped]


def uncovered(window: Window, found: Sequence[Word]) -> float:
    """Seconds of the window's speech in stretches of HOLE and more that no word covers."""
    silent = np.zeros(window.frames, dtype=bool)
    at = 0
    for span in window.spans:
        silent[at + span.speech[0] - span.start : at + span.speech[1] - span.start] = True
        at += span.frames
    for word in found:
        silent[int(word.start) : int(np.ceil(word.end))] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(np.int8), [0]])))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= HOLE].sum()) / FRAMES_A_SECOND
