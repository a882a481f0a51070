"""Reading windows with the model: their language, where it is not given, and what is said in them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from pipeline import decoding
from pipeline.decoding import Decoder, Encoded
from pipeline.looks import Doubt, Heard, Listener
from pipeline.windows import Window

# Beams where the caller did not choose.
BEAM = 5
# Windows whose language is asked for: music and short answers at a recording's start mislead.
LANGUAGE_WINDOWS = 4
# With `multilingual`, the probability from which a window has its own language: short ones are often taken for another.
SURE = 0.5
# Different manners whose tokens are kept ready.
LISTENERS = 32

# Told the first language of each group of windows.
Found = Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class Manner:
    """How windows are to be read; those of one manner can go into one batch.

    `language` None: found once, in a request's first windows. `multilingual`: found for each window, and `language` is
    what those are taken for of which the model is not sure. `prompt`: tokens of what could have been said before.
    `again`: of Doubts, the encoder's context and the number of tokens around each.
    """

    language: str | None
    multilingual: bool
    task: str
    prompt: tuple[int, ...]
    beam_size: int | None
    temperature: float | None
    again: tuple[int, int] | None = None

    def after(self, language: str) -> Manner:
        """How the rest of a recording is to be read, whose beginning is in `language`."""
        return self if self.language or self.multilingual else replace(self, language=language)


@dataclass(frozen=True)
class Reading:
    """What was heard in windows, in their order, and in which language: its code and its probability. `seconds`: their
    share of the model's time. After first looks there are doubts (batch.py asks again)."""

    heard: list[Heard | Doubt]
    languages: list[tuple[str, float]]
    seconds: float

    @staticmethod
    def joined(parts: Sequence[Reading]) -> Reading:
        """Of consecutive parts."""
        return Reading(
            [one for part in parts for one in part.heard],
            [language for part in parts for language in part.languages],
            sum(part.seconds for part in parts),
        )


class Reader:
    """All that is asked of the model. Can be used from several threads."""

    def __init__(self, whisper: WhisperModel) -> None:
        self._whisper = whisper
        self._listener = lru_cache(LISTENERS)(self._new_listener)

    def read(self, manner: Manner, groups: Sequence[Sequence[Window | Doubt]], found: Found) -> list[Reading]:
        """Reads all groups as one batch; each finds its language, or languages, for itself. `found` is told long
        before the text is there."""
        started = time.monotonic()
        windows = [window for group in groups for window in group]
        if manner.again:
            languages = [(manner.language, 1.0)] * len(windows)
            heard = self._listener(replace(manner, again=None)).again(windows)
        else:
            encoded = decoding.encode(self._whisper.model, windows)
            languages = self._languages(manner, groups, encoded)
            firsts = accumulate((len(group) for group in groups[:-1]), initial=0)
            found([languages[row][0] for row in firsts])
            heard = self._first(manner, windows, encoded, [code for code, _ in languages])
        second = (time.monotonic() - started) / sum(window.frames for window in windows)
        readings, at = [], 0
        for group in groups:
            end = at + len(group)
            share = second * sum(window.frames for window in group)
            readings.append(Reading(heard[at:end], languages[at:end], share))
            at = end
        return readings

    def _first(
        self, manner: Manner, windows: Sequence[Window], encoded: Encoded, spoken: Sequence[str]
    ) -> list[Heard | Doubt]:
        """Those of one language at a time: it is part of how the decoder begins."""
        heard: dict[int, Heard | Doubt] = {}
        for language in dict.fromkeys(spoken):
            rows = [row for row, code in enumerate(spoken) if code == language]
            chosen, part = [windows[row] for row in rows], encoded
            if len(rows) < len(windows):
                kept = [decoding.kept(encoded, row) for row in rows]
                part = decoding.together(self._whisper.model, chosen, kept, encoded.context)
            listener = self._listener(replace(manner, language=language, multilingual=False))
            heard |= zip(rows, listener.first(chosen, part), strict=True)
        return [heard[row] for row in range(len(windows))]

    def _languages(
        self, manner: Manner, groups: Sequence[Sequence[Window]], encoded: Encoded
    ) -> list[tuple[str, float]]:
        """Of each window."""
        if manner.language and not manner.multilingual:
            return [(manner.language, 1.0)] * sum(len(group) for group in groups)
        coming = iter(decoding.languages(self._whisper.model, encoded))
        languages: list[tuple[str, float]] = []
        for group in groups:
            found = [next(coming) for _ in group]
            lead = (manner.language, 1.0) if manner.language else leading(group, found)
            languages += [own(probabilities, lead[0]) if manner.multilingual else lead for probabilities in found]
        return languages

    def _new_listener(self, manner: Manner) -> Listener:
        whisper = self._whisper
        tokenizer = Tokenizer(
            whisper.hf_tokenizer, whisper.model.is_multilingual, task=manner.task, language=manner.language
        )
        decoder = Decoder(whisper.model, tokenizer, manner.prompt, manner.beam_size or BEAM)
        return Listener(decoder, whisper.model, manner.temperature)


def own(probabilities: dict[str, float], otherwise: str) -> tuple[str, float]:
    """One window's language and its probability: `otherwise` where none is sure."""
    best = max(probabilities, key=lambda code: probabilities[code])
    chosen = best if probabilities[best] >= SURE else otherwise
    return chosen, probabilities[chosen]


def leading(windows: Sequence[Window], found: Sequence[dict[str, float]]) -> tuple[str, float]:
    """The language and its probability: the mean over the first windows, each weighted with its length."""
    total: dict[str, float] = defaultdict(float)
    pairs = list(zip(found, windows, strict=True))[:LANGUAGE_WINDOWS]
    for probabilities, window in pairs:
        for code, probability in probabilities.items():
            total[code] += probability * window.frames
    best = max(total, key=lambda code: total[code])
    return best, total[best] / sum(window.frames for _, window in pairs)
