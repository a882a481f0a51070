"""A window's text and words: a first look, and others where the gate, the words or the model's own doubt say so."""

from __future__ import annotations

from collections import defaultdict
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
# Differences of less speech without words, in seconds, are the alignment's.
GAIN = 0.5
# Average log-probability under which a first look leaves a doubt.
DOUBT = -0.2
# Tokens of the windows around it that a doubtful window is read again with: some sentences, and half of what fits.
CONTEXT = 100


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


class Listener:
    """Reads windows with `decoder`. `temperature`: the caller's own, which takes the place of all other looks."""

    def __init__(self, decoder: Decoder, model: Whisper, temperature: float | None) -> None:
        self._decoder = decoder
        self._model = model
        self._temperature = temperature

    def hear(self, windows: Sequence[Window], encoded: Encoded, requests: Sequence[int]) -> list[Heard]:
        """One batch of windows, in order; `requests` says which belong to one recording."""
        if self._temperature:
            decoded = self._decoder.sample(encoded, self._temperature)
        else:
            decoded = self._decoder.search(encoded)
        heard = [Heard([look], 0) for look in self._looks(windows, encoded, decoded)]
        if self._temperature is None:
            self._with_context(heard, windows, encoded, requests)
            heard = [one if _complete(one) else self._again(one, MOST_CUTS) for one in heard]
        return [_finished(one) for one in heard]

    def _with_context(
        self, heard: list[Heard], windows: Sequence[Window], encoded: Encoded, requests: Sequence[int]
    ) -> None:
        """Doubtful windows once more, after what is said before them: names and spellings that recur are known then.

        Changes `heard`. Contexts of one length are read as one batch: the model wants the text to begin in one place.
        """
        said = [one.looks[0].decoded.tokens for one in heard]
        alike: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        for row, one in enumerate(heard):
            if _doubtful(one) and (context := _context(said, requests, row)):
                alike[len(context)].append((row, context))
        for rows_and_contexts in alike.values():
            rows, contexts = zip(*rows_and_contexts, strict=True)
            some = decoding.chosen(self._model, encoded, windows, rows)
            looks = self._looks([windows[row] for row in rows], some, self._decoder.search(some, contexts))
            for row, look in zip(rows, looks, strict=True):
                heard[row] = replace(_better(heard[row], Heard([look], 0)), retries=1)

    def _looks(self, windows: Sequence[Window], encoded: Encoded, decoded: Sequence[Decoded]) -> list[Look]:
        alignments = self._decoder.align(encoded, [one.tokens for one in decoded])
        looks = []
        for window, one, alignment in zip(windows, decoded, alignments, strict=True):
            seconds = window.speech_seconds
            invented = quality.invented(one.text, one.avg_logprob, one.no_speech_prob, seconds)
            found = [] if invented else words.words(self._decoder.tokenizer, one.tokens, alignment)
            fault = None if invented else quality.fault(one.text, one.avg_logprob, seconds)
            looks.append(Look(window, one, found, fault, words.uncovered(window, found)))
        return looks

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


def _doubtful(heard: Heard) -> bool:
    return not _complete(heard) or heard.looks[0].decoded.avg_logprob < DOUBT


def _context(said: Sequence[Sequence[int]], requests: Sequence[int], row: int) -> list[int]:
    """The end of what its recording's other windows say: first those after it, then those before it."""
    around = [*range(row + 1, len(said)), *range(row)]
    return [token for other in around if requests[other] == requests[row] for token in said[other]][-CONTEXT:]


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
