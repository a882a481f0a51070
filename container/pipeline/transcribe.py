"""Inference: a recording's samples to segments. The stages, from decoding to words, run at once."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np

from pipeline import features, flow, speech, steering
from pipeline.audio import SAMPLE_RATE
from pipeline.batch import Batch
from pipeline.errors import Cancelled, RequestError
from pipeline.model import Model
from pipeline.options import Options
from pipeline.pieces import FRAMES_A_SECOND, Piece, pieces
from pipeline.reading import LANGUAGE_WINDOWS, Manner, Reading
from pipeline.segments import segments
from pipeline.windows import Window, pack

# Frames of a window: with the silence after it nearly the 30 s that Whisper has learnt from. In shorter windows it
# mishears more (docs/inference.md).
WINDOW = 28 * FRAMES_A_SECOND
# What waits between two stages: batches for the engine, batches in the engine's line, pieces for the features.
BATCHES_AHEAD = 2
BATCHES_SUBMITTED = 6
PIECES_AHEAD = 2

T = TypeVar("T")


@dataclass(frozen=True)
class Speech:
    """What was said. Times in seconds from the start of the audio. `seconds`: what each stage worked, by its name;
    the stages overlap."""

    language: str
    language_probability: float
    duration: float
    speech_duration: float
    windows: int
    retries: int
    speech_without_text: float
    seconds: dict[str, float]
    segments: list[dict[str, Any]]


@dataclass
class _Meter:
    """What went through the stages, counted on the way. Each number is written by one thread only."""

    samples: int = 0
    speech: float = 0.0
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def timed(self, stage: str, items: Iterable[T]) -> Iterator[T]:
        """`items`, and how long they take to come."""
        coming = iter(items)
        while True:
            started = time.monotonic()
            try:
                item = next(coming)
            except StopIteration:
                return
            finally:
                self.seconds[stage] += time.monotonic() - started
            yield item


def transcribe(
    model: Model, blocks: Iterable[np.ndarray], options: Options, cancelled: Callable[[], bool] = lambda: False
) -> Speech:
    """`blocks` are mono float32 samples at 16 kHz of any lengths, and are asked for as they are needed. `cancelled` is
    asked before each block and each batch.

    Raises what `blocks` raises, RequestError 400 for options that this model can't follow, what Engine.submit says,
    and Cancelled.
    """
    _check(model, options)
    manner, meter = _manner(model, options), _Meter()

    def wanted() -> Iterator[np.ndarray]:
        for block in blocks:
            if cancelled():
                raise Cancelled
            yield block

    with (
        ThreadPoolExecutor(model.threads, thread_name_prefix="features") as pool,
        closing(flow.ahead(_batches(model, pool, wanted(), options, meter), BATCHES_AHEAD)) as batches,
        closing(_readings(model, manner, batches, cancelled)) as readings,
    ):
        return _heard(readings, manner, options, meter)


def _batches(
    model: Model, pool: ThreadPoolExecutor, blocks: Iterable[np.ndarray], options: Options, meter: _Meter
) -> Iterator[list[Window]]:
    """Everything before the model."""
    filters = model.whisper.feature_extractor.mel_filters
    detector = speech.Detector(model.speech)

    def log_mel(piece: Piece) -> tuple[np.ndarray, float]:
        started = time.monotonic()
        return features.log_mel(piece, filters), time.monotonic() - started

    def analysed(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        features_coming = pool.submit(log_mel, piece)
        started = time.monotonic()
        found = detector.probabilities(piece.samples)
        meter.seconds["speech"] += time.monotonic() - started
        mel, seconds = features_coming.result()
        meter.seconds["features"] += seconds
        return mel, found

    def counted() -> Iterator[np.ndarray]:
        for block in meter.timed("decode", blocks):
            meter.samples += len(block)
            yield block

    def heard() -> Iterator[Window]:
        for window in pack(map(analysed, decoded), WINDOW, options.vad):
            meter.speech += window.frames / FRAMES_A_SECOND
            yield window

    # Decoding has a thread of its own, since it waits for the detector and the features otherwise.
    with closing(flow.ahead(pieces(counted()), PIECES_AHEAD)) as decoded:
        yield from in_batches(heard(), model.batch, model.workers)


def in_batches(windows: Iterable[T], most: int, workers: int) -> Iterator[list[T]]:
    """`windows` in lists of at most `most`. The first comes early, as the model begins while the rest is still being
    decoded; the last ones are even, and as many as gives each of the workers the same number of lists."""
    coming = iter(windows)
    if not (first := list(islice(coming, min(LANGUAGE_WINDOWS, most)))):
        return
    yield first
    done = 1
    ahead: deque[T] = deque()
    for window in coming:
        ahead.append(window)
        if len(ahead) == most * (2 * workers - 1):
            yield [ahead.popleft() for _ in range(most)]
            done += 1
    lists = -(-len(ahead) // most)
    lists += -(done + lists) % workers
    for left in range(lists, 0, -1):
        if last := [ahead.popleft() for _ in range(-(-len(ahead) // left))]:
            yield last


def _manner(model: Model, options: Options) -> Manner:
    whisper = model.whisper
    language = options.language if whisper.model.is_multilingual else "en"
    prompt = steering.fit(whisper.hf_tokenizer, options.prompt, options.hotwords)
    return Manner(language, options.multilingual, options.task, tuple(prompt), options.beam_size, options.temperature)


def _readings(
    model: Model, manner: Manner, batches: Iterable[list[Window]], cancelled: Callable[[], bool]
) -> Generator[tuple[list[Window], Reading], None, None]:
    """In order. While some are being read others are in line, so that the model never waits for this thread."""
    waiting: deque[Batch] = deque()
    found: SimpleQueue[str | None] = SimpleQueue()
    try:
        for windows in batches:
            if cancelled():
                raise Cancelled
            batch = Batch(model.engine, manner, windows, found.put)
            waiting.append(batch)
            if manner.language is None and not manner.multilingual:
                # All else is read in the language of the first batch, unless that fails.
                batch.first.add_done_callback(lambda done: found.put(None))
                manner = manner.after(found.get() or batch.first.result().languages[0][0])
            if len(waiting) == BATCHES_SUBMITTED:
                first = waiting.popleft()
                yield first.windows, first.result()
        while waiting:
            first = waiting.popleft()
            yield first.windows, first.result()
    finally:
        for batch in waiting:
            batch.cancel()


def _heard(readings: Iterable[tuple[list[Window], Reading]], manner: Manner, options: Options, meter: _Meter) -> Speech:
    spoken = _Spoken(manner)
    found: list[dict[str, Any]] = []
    windows, retries, uncovered = 0, 0, 0.0
    for batch, reading in readings:
        windows += len(batch)
        meter.seconds["inference"] += reading.seconds
        for window, one, language in zip(batch, reading.heard, reading.languages, strict=True):
            spoken.add(language, window)
            retries += one.retries
            uncovered += one.uncovered if options.vad else 0.0
            named = {"language": language[0]} if options.multilingual else {}
            for look in one.looks:
                for segment in segments(look.window, look.decoded, look.words, options.word_timestamps):
                    found.append({**segment, **named})
    language, probability = spoken.leading()
    return Speech(
        language=language,
        language_probability=probability,
        duration=meter.samples / SAMPLE_RATE,
        speech_duration=meter.speech,
        windows=windows,
        retries=retries,
        speech_without_text=uncovered,
        seconds=dict(meter.seconds),
        segments=found,
    )


class _Spoken:
    """The transcript's language: the one that was found first or, of several, the one that is spoken longest."""

    def __init__(self, manner: Manner) -> None:
        self._otherwise = (manner.language or "en", 1.0 if manner.language else 0.0)
        self._multilingual = manner.multilingual
        self._frames: dict[str, int] = defaultdict(int)
        self._sure: dict[str, float] = defaultdict(float)

    def add(self, language: tuple[str, float], window: Window) -> None:
        code, probability = language
        if self._multilingual or not self._frames:
            self._frames[code] += window.frames
            self._sure[code] += window.frames * probability

    def leading(self) -> tuple[str, float]:
        if not self._frames:
            return self._otherwise
        code = max(self._frames, key=lambda code: self._frames[code])
        return code, self._sure[code] / self._frames[code]


def _check(model: Model, options: Options) -> None:
    languages = model.whisper.supported_languages
    if options.language and options.language not in languages:
        known = ", ".join(sorted(languages)) if len(languages) < 10 else f"{len(languages)} two- or three-letter codes"
        raise RequestError(400, "bad_options", f"this model does not know language {options.language[:20]!r} ({known})")
    if not model.whisper.model.is_multilingual:
        if options.task == "translate":
            raise RequestError(400, "bad_options", "this model knows English only and can't translate")
        if options.multilingual:
            raise RequestError(400, "bad_options", "this model knows English only; multilingual asks it for others")
