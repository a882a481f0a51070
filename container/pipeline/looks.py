"""A window's text and words: a first look, and others where the gate, the words or the model's own doubt say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from ctranslate2.models import Whisper

from pipeline import decoding, quality, words
from pipeline.decoding import Alignment, Decoded, Decoder, Encoded
from pipeline.windows import Window
from pipeline.words import Word

# Whisper's own ladder (https://arxiv.org/abs/2212.04356, section 4.5).
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
# A window is cut in two, and these again, at most so often: pieces of a few seconds have lost what goes before.
MOST_CUTS = 2
# Differences of less speech without words, in seconds, are the alignment's.
GAIN = 0.5
# Average log-probability under which a first look leaves a doubt.
DOUBT = -0.2


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
    def logprob(self) -> float:
        """Per second of speech, as the parts of a window are of different lengths."""
        seconds = sum(look.window.speech_seconds for look in self.looks)
        return sum(look.decoded.avg_logprob * look.window.speech_seconds for look in self.looks) / max(seconds, 0.01)

    @property
    def faults(self) -> int:
        return sum(look.fault is not None for look in self.looks)


@dataclass(frozen=True, eq=False)
class Doubt:
    """A window that is to be read again: what the first look says, and what the encoder made of it (decoding.kept) in
    the context `within`. `around`: tokens of what is said around it."""

    window: Window
    decoded: Decoded
    encoded: np.ndarray | None = field(repr=False)
    within: int
    around: Sequence[int] = field(default=(), repr=False)

    @property
    def frames(self) -> int:
        return self.window.frames


class Listener:
    """Reads windows with `decoder`. `temperature`: the caller's own, which takes the place of all other looks."""

    def __init__(self, decoder: Decoder, model: Whisper, temperature: float | None) -> None:
        self._decoder = decoder
        self._model = model
        self._temperature = temperature

    def first(self, windows: Sequence[Window], encoded: Encoded) -> list[Heard | Doubt]:
        """One batch of windows, in order."""
        if self._temperature:
            decoded = self._decoder.sample(encoded, self._temperature)
        else:
            decoded = self._decoder.search(encoded)
        certain = self._temperature is not None
        sure = [certain or _sure(window, one) for window, one in zip(windows, decoded, strict=True)]
        looks = self._looks(windows, encoded, decoded, sure)
        return [
            _finished(Heard([look], 0))
            if certain or (look is not None and look.complete)
            else Doubt(window, one, decoding.kept(encoded, row), encoded.context)
            for row, (window, one, look) in enumerate(zip(windows, decoded, looks, strict=True))
        ]

    def again(self, doubts: Sequence[Doubt]) -> list[Heard]:
        """Windows of one context, in order, with as many tokens of what is said around each, or none: names and
        spellings that recur are known then. What is not complete even so is looked at more carefully."""
        windows = [doubt.window for doubt in doubts]
        encoded = decoding.together(self._model, windows, [doubt.encoded for doubt in doubts], doubts[0].within)
        readings = [[doubt.decoded] for doubt in doubts]
        if doubts[0].around:
            others = self._decoder.search(encoded, [doubt.around for doubt in doubts])
            readings = [[*some, other] for some, other in zip(readings, others, strict=True)]
        best = self._best(windows, encoded, readings)
        return [_finished(one if _complete(one) else self._again(one, MOST_CUTS)) for one in best]

    def _best(self, windows: Sequence[Window], encoded: Encoded, readings: Sequence[Sequence[Decoded]]) -> list[Heard]:
        """Of each window's readings the better one: only where the surer one leaves speech without words can it be the
        other, which is aligned then."""
        ranked = [
            sorted(some, key=lambda one: (_fault(window, one) is not None, -one.avg_logprob))
            for window, some in zip(windows, readings, strict=True)
        ]
        surer = self._looks(windows, encoded, [some[0] for some in ranked])
        heard = [Heard([look], len(some) - 1) for look, some in zip(surer, ranked, strict=True)]
        unfinished = [len(some) > 1 and look.uncovered >= GAIN for look, some in zip(surer, ranked, strict=True)]
        if any(unfinished):
            others = self._looks(windows, encoded, [some[-1] for some in ranked], unfinished)
            heard = [
                replace(_better(one, Heard([other], 0)), retries=one.retries) if other else one
                for one, other in zip(heard, others, strict=True)
            ]
        return heard

    def _looks(
        self,
        windows: Sequence[Window],
        encoded: Encoded,
        decoded: Sequence[Decoded],
        wanted: Sequence[bool] | None = None,
    ) -> list[Look | None]:
        """None for windows that are not `wanted`, whose words are not looked for."""
        wanted = wanted or [True] * len(windows)
        texts = [one.tokens if want else [] for one, want in zip(decoded, wanted, strict=True)]
        alignments = self._decoder.align(encoded, texts)
        return [
            self._look(window, one, alignment) if want else None
            for window, one, alignment, want in zip(windows, decoded, alignments, wanted, strict=True)
        ]

    def _look(self, window: Window, decoded: Decoded, alignment: Alignment) -> Look:
        found = [] if _invented(window, decoded) else words.words(self._decoder.tokenizer, decoded.tokens, alignment)
        return Look(window, decoded, found, _fault(window, decoded), words.uncovered(window, found))

    def _again(self, best: Heard, cuts: int) -> Heard:
        """More careful looks at one window, until it is complete: its halves, then higher temperatures."""
        (first,), retries = best.looks, best.retries
        if cuts and (halves := first.window.halves()):
            parts = []
            for half in halves:
                encoded = decoding.encode(self._model, [half])
                part = Heard(self._looks([half], encoded, self._decoder.search(encoded)), 1)
                parts.append(part if _complete(part) else self._again(part, cuts - 1))
            retries += sum(part.retries for part in parts)
            best = _better(best, Heard([look for part in parts for look in part.looks], 0))
        encoded = decoding.encode(self._model, [first.window]) if best.faults else None
        for temperature in TEMPERATURES if encoded else ():
            retries += 1
            decoded = self._decoder.sample(encoded, temperature)
            best = _better(best, Heard(self._looks([first.window], encoded, decoded), 0))
            if not best.faults:
                break
        return replace(best, retries=retries)


def _sure(window: Window, decoded: Decoded) -> bool:
    return decoded.avg_logprob >= DOUBT and _fault(window, decoded) is None


def _invented(window: Window, decoded: Decoded) -> bool:
    return quality.invented(decoded.text, decoded.avg_logprob, decoded.no_speech_prob, window.speech_seconds)


def _fault(window: Window, decoded: Decoded) -> str | None:
    """What is invented has no text that could be wrong."""
    if _invented(window, decoded):
        return None
    return quality.fault(decoded.text, decoded.avg_logprob, window.speech_seconds)


def _complete(heard: Heard) -> bool:
    return all(look.complete for look in heard.looks)


def _better(one: Heard, other: Heard) -> Heard:
    """Fewer faults first, then less speech without words, then what the model is surer of."""
    if one.faults != other.faults:
        return one if one.faults < other.faults else other
    if abs(one.uncovered - other.uncovered) >= GAIN:
        return one if one.uncovered < other.uncovered else other
    return one if one.logprob > other.logprob else other


def _finished(heard: Heard) -> Heard:
    """Without loops, of which the first time stays."""
    return replace(heard, looks=[replace(look, words=words.without_loops(look.words)) for look in heard.looks])
