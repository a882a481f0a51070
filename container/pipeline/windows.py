"""Windows: what the model hears at once, packed from regions of speech in the recording's order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.pieces import FRAMES_A_SECOND, HOP, SPEECH_FRAME
from pipeline.speech import Region, Regions

# Seconds of audio around speech, shared where a pause is shorter: a word's soft edges are not always heard as speech.
PAD = int(0.4 * FRAMES_A_SECOND)
# A window may end this early for a longer pause: what is said before one rarely hangs on what follows.
LEAST_FILLED = 0.8


@dataclass(frozen=True)
class Span:
    """Features that follow one another in the recording: frames from `start` to before `end`. `speech` lies within."""

    start: int
    end: int
    speech: tuple[int, int]

    @property
    def frames(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Window:
    """`mel` holds the frames of all spans, one after the other, not normalised."""

    spans: tuple[Span, ...]
    mel: np.ndarray

    @property
    def frames(self) -> int:
        return self.mel.shape[1]

    @property
    def speech_seconds(self) -> float:
        return sum(span.speech[1] - span.speech[0] for span in self.spans) / FRAMES_A_SECOND

    def seconds(self, frame: float, end: bool = False) -> float:
        """The recording's time of one of the window's frames; of the last one of a span with `end`, not the next's."""
        before = 0
        for span in self.spans:
            inside = frame - before
            if inside < span.frames or (end and inside <= span.frames):
                return (span.start + max(0.0, inside)) / FRAMES_A_SECOND
            before += span.frames
        return self.spans[-1].end / FRAMES_A_SECOND

    def part(self, first: int, last: int) -> Window:
        """The window of the spans from number `first` to before `last`."""
        start = sum(span.frames for span in self.spans[:first])
        chosen = self.spans[first:last]
        return Window(chosen, self.mel[:, start : start + sum(span.frames for span in chosen)])

    def halves(self) -> tuple[Window, Window] | None:
        """Cut at the longest pause of its middle third, or the one nearest to it; None where there is no pause."""
        if len(self.spans) < 2:
            return None
        ends = np.cumsum([span.frames for span in self.spans])[:-1] / self.frames
        pauses = [later.speech[0] - span.speech[1] for span, later in pairwise(self.spans)]
        middle = [number for number, end in enumerate(ends) if 1 / 3 <= end <= 2 / 3]
        nearest = int(np.argmin(np.abs(ends - 0.5)))
        cut = max(middle, key=lambda number: pauses[number]) if middle else nearest
        return self.part(0, cut + 1), self.part(cut + 1, len(self.spans))


class Tape:
    """The features of the part of the recording that windows may still be made of."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, np.ndarray]] = deque()
        self.end = 0

    def add(self, mel: np.ndarray) -> None:
        self._pieces.append((self.end, mel))
        self.end += mel.shape[1]

    def forget(self, before: int) -> None:
        while self._pieces and self._pieces[0][0] + self._pieces[0][1].shape[1] <= before:
            self._pieces.popleft()

    def cut(self, start: int, end: int) -> np.ndarray:
        parts = [mel[:, max(0, start - at) : max(0, end - at)] for at, mel in self._pieces]
        return np.concatenate(parts, axis=1)


def pack(analysed: Iterable[tuple[np.ndarray, np.ndarray]], longest: int, pauses: bool = True) -> Iterator[Window]:
    """Windows of at most `longest` frames out of each piece's features and speech probabilities.

    Silence is left out; without `pauses` nothing is, and all of the recording counts as speech.
    """
    pad = PAD if pauses else 0
    regions = Regions(_speech_frames(longest - 2 * pad), pauses)
    tape, spans, last = Tape(), _Spans(pad), _Packer(longest)

    def windows(chosen: Iterable[Span]) -> Iterator[Window]:
        for span in chosen:
            for full in last.add(span):
                yield Window(full, np.concatenate([tape.cut(part.start, part.end) for part in full], axis=1))

    for mel, probabilities in analysed:
        tape.add(mel)
        for region in regions.feed(probabilities):
            yield from windows(spans.add(region))
        tape.forget(min(last.start, spans.start, _mel_frame(regions.settled) - pad))
    for region in regions.finish():
        yield from windows(spans.add(region))
    yield from windows(spans.finish(tape.end))
    for full in last.finish():
        yield Window(full, np.concatenate([tape.cut(part.start, part.end) for part in full], axis=1))


class _Spans:
    """Regions to spans: each gets its padding when it is known how long the pause after it is."""

    def __init__(self, pad: int) -> None:
        self._pad = pad
        self._open: tuple[int, int, int] | None = None  # Its padded start, and its speech.

    @property
    def start(self) -> float:
        return self._open[0] if self._open else float("inf")

    def add(self, region: Region) -> Iterator[Span]:
        start, end = _mel_frame(region.start), _mel_frame(region.end)
        padded = max(0, start - self._pad)
        if self._open:
            pause = start - self._open[2]
            before = min(self._pad, pause // 2)
            yield Span(self._open[0], self._open[2] + before, self._open[1:])
            padded = max(padded, self._open[2] + before)
        self._open = (padded, start, end)

    def finish(self, end: int) -> Iterator[Span]:
        if self._open:
            start, speech, stop = self._open
            if end > start:
                yield Span(start, min(end, stop + self._pad), (speech, min(end, stop)))


class _Packer:
    """Spans to full windows. A window ends at the longest of the pauses at which it is nearly full."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._spans: list[Span] = []

    @property
    def start(self) -> float:
        return self._spans[0].start if self._spans else float("inf")

    def add(self, span: Span) -> Iterator[tuple[Span, ...]]:
        while self._spans and self._frames() + span.frames > self._longest:
            count = self._cut(span)
            yield tuple(self._spans[:count])
            del self._spans[:count]
        self._spans.append(span)

    def finish(self) -> Iterator[tuple[Span, ...]]:
        if self._spans:
            yield tuple(self._spans)

    def _frames(self) -> int:
        return sum(span.frames for span in self._spans)

    def _cut(self, following: Span) -> int:
        """How many of the spans the window gets."""
        longest, count, filled = -1, len(self._spans), 0
        for number, (span, later) in enumerate(zip(self._spans, [*self._spans[1:], following], strict=True), 1):
            filled += span.frames
            pause = later.speech[0] - span.speech[1]
            if filled >= LEAST_FILLED * self._frames() and pause >= longest:
                longest, count = pause, number
        return count


def _mel_frame(speech_frame: int) -> int:
    return round(speech_frame * SPEECH_FRAME / HOP)


def _speech_frames(mel_frames: int) -> int:
    return mel_frames * HOP // SPEECH_FRAME
