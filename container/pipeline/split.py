"""A recording with each speaker on a channel: each is transcribed by itself, and the segments become one list."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from pipeline import audio, crosstalk
from pipeline.model import Model
from pipeline.options import Options
from pipeline.pieces import PIECE
from pipeline.transcribe import Speech, transcribe


def transcribe_channels(
    model: Model, file: BinaryIO, options: Options, cancelled: Callable[[], bool] = lambda: False
) -> Speech:
    """`file` is the recording. A segment's `speaker` is "1" for the first channel. Raises what decode_channels and
    transcribe do.

    What one channel only hears of another is muted first (crosstalk.mute). A language that was not given is found
    once, in the loudest channel in which there is speech: a conversation has one language, and a channel with a few
    short answers would often be taken for another. `duration` is the recording's, `speech_duration` the channels' sum.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as samples:
        channels = audio.decode_channels(file, samples)
        decoded = time.monotonic() - started
        speeches = _of_channels(model, channels, options, cancelled)
    leading = next((speech for speech in speeches.values() if speech.speech_duration > 0), speeches[0])
    seconds = Counter(decode=decoded)
    for speech in speeches.values():
        seconds.update(speech.seconds)
    segments = [
        {**segment, "speaker": str(number + 1)} for number in sorted(speeches) for segment in speeches[number].segments
    ]
    return Speech(
        language=leading.language,
        language_probability=leading.language_probability,
        duration=leading.duration,
        speech_duration=sum(speech.speech_duration for speech in speeches.values()),
        windows=sum(speech.windows for speech in speeches.values()),
        retries=sum(speech.retries for speech in speeches.values()),
        speech_without_text=sum(speech.speech_without_text for speech in speeches.values()),
        seconds=dict(seconds),
        # A stable sort: of two that begin at once the first channel's comes first.
        segments=sorted(segments, key=lambda segment: segment["start"]),
    )


def _of_channels(
    model: Model, channels: Sequence[np.ndarray], options: Options, cancelled: Callable[[], bool]
) -> dict[int, Speech]:
    """By the channel's number from 0, the loudest first; writes to `channels`."""
    loudest = crosstalk.mute(channels)
    speeches: dict[int, Speech] = {}
    for number in sorted(range(len(channels)), key=lambda number: -loudest[number]):
        speech = speeches[number] = transcribe(model, _blocks(channels[number]), options, cancelled)
        if speech.speech_duration > 0:
            options = replace(options, language=speech.language)
    return speeches


def _blocks(channel: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(channel), PIECE):
        yield channel[start : start + PIECE].astype(np.float32) / 32768
