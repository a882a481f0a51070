"""A recording with each speaker on a channel: each is transcribed by itself, and the segments become one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from pipeline import crosstalk
from pipeline.model import Model
from pipeline.options import Options
from pipeline.pieces import PIECE
from pipeline.transcribe import Speech, transcribe


def transcribe_channels(model: Model, channels: Sequence[np.ndarray], options: Options) -> Speech:
    """`channels` are int16 at 16 kHz, of one length, and are written to. A segment's `speaker` is "1" for the first.

    What one channel only hears of another is muted first (crosstalk.mute). A language that was not given is found
    once, in the loudest channel in which there is speech: a conversation has one language, and a channel with a few
    short answers would often be taken for another. `duration` is the recording's, `speech_duration` the channels' sum.
    """
    loudest = crosstalk.mute(channels)
    speeches: dict[int, Speech] = {}
    chosen, leading = options, None
    for number in sorted(range(len(channels)), key=lambda number: -loudest[number]):
        speech = transcribe(model, _blocks(channels[number]), chosen)
        speeches[number] = speech
        if leading is None and speech.speech_duration > 0:
            leading = speech
            chosen = replace(options, language=speech.language)
    leading = leading or speeches[0]
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
        # A stable sort: of two that begin at once the first channel's comes first.
        segments=sorted(segments, key=lambda segment: segment["start"]),
    )


def _blocks(channel: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(channel), PIECE):
        yield channel[start : start + PIECE].astype(np.float32) / 32768
