"""A window's text and words: a quick first look, and more careful ones where the gate or the words say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ctranslate2.models import Whisper

from pipeline import decoding, quality, words
from pipeline.decoding import Decoded, Decoder, Encoded
from pipeline.windows import Window
from pipeline.words import Word

# Whisper's own ladder (https://arxiv.org/abs/2212.04356, section 4.5).
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
# A window is cut in two, and these again, at most so often: pieces of a few seconds have lost what goes before.
MOST_CUTS = 2
# Second looks must cover so much more speech, in seconds, to replace a text that the gate has nothing against.
GAIN = 0.5


@dataclass(frozen=True)
class Look:
    """One reading of a window. `fault`: why the gate refuses it. `uncovered`: seconds of speech without words."""

    window: Window
    decoded: Decoded
    words: list[Word]
    fault: str | None
    uncovered: float

    @property
    def complete(self) -> bool:
        return self.fault is None and self.uncovered == 0


@dataclass(frozen=True)
class Heard:
    """What came of one window: one reading, or those of its parts. `retries` counts the decodings after the first."""

    looks: list[Look]
    retries: int

    @property
    def uncovered(self) -> float:
        return sum(look.uncovered for look in self.looks)

    @property
    def faults(self) -> int:
        return sum(look.fault is not None for look in self.looks)


class Listener:
    """Reads windows with `decoder`. `temperature`: the caller's own, which takes the place of all second looks."""

    def __init__(self, decoder: Decoder, model: Whisper, first_beam: bool, temperature: float | None) -> None:
        self._decoder = decoder
        self._model = model
        self._first_beam = first_beam
        self._temperature = temperature

    def hear(self, windows: Sequence[Window], encoded: Encoded) -> list[Heard]:
        """One batch of windows, in order."""
        if self._temperature:
            decoded = self._decoder.sample(encoded, self._temperature)
        elif self._first_beam:
            decoded = self._decoder.beam(encoded)
        else:
            decoded = self._decoder.greedy(encoded)
        looks = self._looks(windows, encoded, decoded)
        if self._temperature is not None:
            return [_finished(Heard([look], 0)) for look in looks]
        return [_finished(self._again(look, MOST_CUTS)) for look in looks]

    def _looks(self, windows: Sequence[Window], encoded: Encoded, decoded: Sequence[Decoded]) -> list[Look]:
        alignments = self._decoder.align(encoded, [one.tokens for one in decoded])
        looks = []
        for window, one, alignment in zip(windows, decoded, alignments, strict=True):
            found = words.words(self._decoder.tokenizer, one.tokens, alignment)
            looks.append(Look(window, one, found, decoding.faults(one, window), words.uncovered(window, found)))
        return looks

    def _look(self, window: Window, encoded: Encoded, decoded: Decoded) -> Look:
        return self._looks([window], encoded, [decoded])[0]

    def _again(self, first: Look, cuts: int) -> Heard:
        """More careful looks, until one is complete: beam search, the window's halves, higher temperatures."""
        if first.complete:
            return Heard([first], 0)
        best, retries = Heard([first], 0), 0
        encoded = decoding.encode(self._model, [first.window])
        if not self._first_beam:
            retries += 1
            best = _better(best, Heard([self._look(first.window, encoded, self._decoder.beam(encoded)[0])], 0))
        if not _complete(best) and cuts and (halves := first.window.halves()):
            parts = []
            for half in halves:
                part = decoding.encode(self._model, [half])
                retries += 1
                parts.append(self._again(self._look(half, part, self._decoder.greedy(part)[0]), cuts - 1))
            retries += sum(part.retries for part in parts)
            best = _better(best, Heard([look for part in parts for look in part.looks], 0))
        for temperature in TEMPERATURES if best.faults else ():
            retries += 1
            decoded = self._decoder.sample(encoded, temperature)[0]
            best = _better(best, Heard([self._look(first.window, encoded, decoded)], 0))
            if not best.faults:
                break
        return replace(best, retries=retries)


def _complete(heard: Heard) -> bool:
    return all(look.complete for look in heard.looks)


def _better(one: Heard, other: Heard) -> Heard:
    """Fewer faults first, then less speech without words."""
    if one.faults != other.faults:
        return one if one.faults < other.faults else other
    return other if other.uncovered < one.uncovered - GAIN else one


def _finished(heard: Heard) -> Heard:
    """Without what nobody said: texts of what is no speech, and loops, of which the first time stays."""
    looks = []
    for look in heard.looks:
        kept = (
            []
            if quality.invented(look.decoded.text, look.decoded.avg_logprob, look.decoded.no_speech_prob)
            else (words.without_loops(look.words))
        )
        looks.append(replace(look, words=kept))
    return replace(heard, looks=looks)
