"""The recording in pieces of one length, each with what is before and after it, so that they can be worked on alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.audio import SAMPLE_RATE

# Mel frames are 10 ms apart, the speech detector's frames 32 ms long: a piece holds a whole number of both (30.72 s).
HOP = 160
SPEECH_FRAME = 512
PIECE = 960 * SPEECH_FRAME
FRAMES_A_SECOND = SAMPLE_RATE // HOP
# Samples that a piece knows of its neighbours: half a transform of the features.
BESIDE = 200


@dataclass(frozen=True)
class Piece:
    """Mono float32 samples at 16 kHz. Only a recording's first piece has nothing before it, its last nothing after."""

    before: np.ndarray
    samples: np.ndarray
    after: np.ndarray


def pieces(blocks: Iterable[np.ndarray], size: int = PIECE) -> Iterator[Piece]:
    """`blocks` of any length, put together and cut again every `size` samples, a multiple of HOP and SPEECH_FRAME."""
    before = np.zeros(0, dtype=np.float32)
    waiting: list[np.ndarray] = []
    length = 0
    for block in blocks:
        waiting.append(block)
        length += len(block)
        while length >= size + BESIDE:
            joined = np.concatenate(waiting)
            yield Piece(before, joined[:size], joined[size : size + BESIDE])
            before = np.concatenate([before, joined[:size]])[-BESIDE:]
            waiting, length = [joined[size:]], length - size
    joined = np.concatenate(waiting) if waiting else before[:0]
    # The last block may end within what the last whole piece needs after it.
    for start in range(0, len(joined), size):
        samples = joined[start : start + size]
        yield Piece(before, samples, joined[start + size : start + size + BESIDE])
        before = np.concatenate([before, samples])[-BESIDE:]
