"""Inference: a recording's samples to segments. The stages, from decoding to words, run at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from pipeline import decoding, features, flow, speech, steering
from pipeline.audio import SAMPLE_RATE
from pipeline.decoding import Decoder
from pipeline.errors import RequestError
from pipeline.looks import Heard, Listener
from pipeline.model import Model
from pipeline.options import Options
from pipeline.pieces import FRAMES_A_SECOND, Piece, pieces
from pipeline.segments import segments
from pipeline.windows import Window, pack

# Frames of a window. Shorter ones than Whisper's 30 s cost less, and lose fewer words (docs/inference.md).
WINDOW = 15 * FRAMES_A_SECOND
# Windows at a time, and what waits between two stages: batches for the model, pieces for the features.
BATCH = 8
BATCHES_AHEAD = 2
PIECES_AHEAD = 2
# Beams of a second look, where the caller did not choose.
BEAM = 5
# Windows whose language is asked for: music and short answers at a recording's start mislead.
LANGUAGE_WINDOWS = 4


@dataclass(frozen=True)
class Speech:
    """What was said. Times in seconds from the start of the audio."""

    language: str
    language_probability: float
    duration: float
    speech_duration: float
    windows: int
    retries: int
    speech_without_text: float
    segments: list[dict[str, Any]]


class _Lengths:
    """Seconds that went through, counted by the stages on their way."""

    def __init__(self) -> None:
        self.samples = 0
        self.speech = 0.0


def transcribe(model: Model, blocks: Iterable[np.ndarray], options: Options) -> Speech:
    """`blocks` are mono float32 samples at 16 kHz of any lengths, and are asked for as they are needed.

    Raises what `blocks` raises, and RequestError 400 for options that this model can't follow.
    """
    _check(model, options)
    lengths = _Lengths()
    with (
        ThreadPoolExecutor(model.threads, thread_name_prefix="speech") as pool,
        closing(flow.ahead(_batches(model, pool, blocks, options, lengths), BATCHES_AHEAD)) as batches,
    ):
        return _heard(model, batches, options, lengths)


def _batches(
    model: Model, pool: ThreadPoolExecutor, blocks: Iterable[np.ndarray], options: Options, lengths: _Lengths
) -> Iterator[list[Window]]:
    """Everything before the model."""
    filters = model.whisper.feature_extractor.mel_filters
    detector = speech.Detector(model.speech)

    def analysed(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        mel = pool.submit(features.log_mel, piece, filters)
        found = detector.probabilities(piece.samples)
        return mel.result(), found

    def counted() -> Iterator[np.ndarray]:
        for block in blocks:
            lengths.samples += len(block)
            yield block

    def heard() -> Iterator[Window]:
        for window in pack(map(analysed, decoded), WINDOW, options.vad):
            lengths.speech += window.frames / FRAMES_A_SECOND
            yield window

    # Decoding has a thread of its own, since it waits for the detector and the features otherwise.
    with closing(flow.ahead(pieces(counted()), PIECES_AHEAD)) as decoded:
        windows = heard()
        while batch := list(islice(windows, BATCH)):
            yield batch


def _heard(model: Model, batches: Iterator[list[Window]], options: Options, lengths: _Lengths) -> Speech:
    whisper = model.whisper.model
    first = next(batches, [])
    encoded = decoding.encode(whisper, first) if first else None
    language, probability = _language(model, encoded, first, options)
    listener = _listener(model, language, options)
    found: list[dict[str, Any]] = []
    counts: dict[str, float] = defaultdict(float)

    def add(batch: Sequence[Window], heard: Sequence[Heard]) -> None:
        counts["windows"] += len(batch)
        for one in heard:
            counts["retries"] += one.retries
            counts["uncovered"] += one.uncovered if options.vad else 0.0
            for look in one.looks:
                found.extend(segments(look.window, look.decoded, look.words, options.word_timestamps))

    for batch in chain([first] if first else [], batches):
        add(batch, listener.hear(batch, encoded or decoding.encode(whisper, batch)))
        encoded = None
    return Speech(
        language=language,
        language_probability=probability,
        duration=lengths.samples / SAMPLE_RATE,
        speech_duration=lengths.speech,
        windows=int(counts["windows"]),
        retries=int(counts["retries"]),
        speech_without_text=counts["uncovered"],
        segments=found,
    )


def _language(
    model: Model, encoded: decoding.Encoded | None, windows: Sequence[Window], options: Options
) -> tuple[str, float]:
    """The language and its probability: the mean over several windows, each weighted with its speech."""
    if options.language:
        return options.language, 1.0
    if not model.whisper.model.is_multilingual:
        return "en", 1.0
    if encoded is None:
        return "en", 0.0
    total: dict[str, float] = defaultdict(float)
    found = decoding.languages(model.whisper.model, encoded)
    pairs = list(zip(found, windows, strict=True))[:LANGUAGE_WINDOWS]
    for probabilities, window in pairs:
        for code, probability in probabilities.items():
            total[code] += probability * window.frames
    best = max(total, key=lambda code: total[code])
    return best, total[best] / sum(window.frames for _, window in pairs)


def _listener(model: Model, language: str, options: Options) -> Listener:
    whisper = model.whisper
    tokenizer = Tokenizer(whisper.hf_tokenizer, whisper.model.is_multilingual, task=options.task, language=language)
    prompt = steering.fit(whisper.hf_tokenizer, options.prompt, options.hotwords)
    decoder = Decoder(whisper.model, tokenizer, prompt, options.beam_size or BEAM)
    return Listener(decoder, whisper.model, options.beam_size is not None, options.temperature)


def _check(model: Model, options: Options) -> None:
    languages = model.whisper.supported_languages
    if options.language and options.language not in languages:
        known = ", ".join(sorted(languages)) if len(languages) < 10 else f"{len(languages)} two- or three-letter codes"
        raise RequestError(400, "bad_options", f"this model does not know language {options.language[:20]!r} ({known})")
    if options.task == "translate" and not model.whisper.model.is_multilingual:
        raise RequestError(400, "bad_options", "this model knows English only and can't translate")
