"""Where there is speech: Silero's detector over pieces, and its probabilities to regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from faster_whisper.utils import get_assets_path

from pipeline.pieces import SPEECH_FRAME

# Speech begins at the first probability and goes on until it has been under the second for SILENCE frames (160 ms):
# Silero's own values.
BEGINS = 0.5
ENDS = 0.35
SILENCE = 5
# Frames. Shorter sounds are clicks and breaths: no word is said in 64 ms.
SHORTEST = 3
# What the detector is told of a frame's past besides its own state, in samples.
CONTEXT = 64
STATE = (1, 1, 128)


class Detector:
    """Silero's detector over one recording, piece by piece.

    It has a memory of many seconds, which goes from piece to piece: pieces that begin with an empty one, even with 16 s
    of warm-up, move boundaries by 0.2 s. That memory is 6 % of its time; the rest runs on several threads.
    """

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._h = self._c = np.zeros(STATE, np.float32)
        self._context = np.zeros((1, CONTEXT), np.float32)

    def probabilities(self, samples: np.ndarray) -> np.ndarray:
        """Of each next frame of 512 samples, 0 to 1, that it is speech. Only the last piece may end within a frame."""
        frames = np.pad(samples, (0, -len(samples) % SPEECH_FRAME)).reshape(-1, SPEECH_FRAME)
        context = np.concatenate([self._context, frames[:-1, -CONTEXT:]])
        inputs = {"input": np.concatenate([context, frames], axis=1), "h": self._h, "c": self._c}
        output, self._h, self._c = self._session.run(None, inputs)
        self._context = frames[-1:, -CONTEXT:]
        return output.reshape(-1)


def session(threads: int) -> onnxruntime.InferenceSession:
    """The detector's network, as faster-whisper ships it; several recordings may use it at once."""
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = threads
    # Threads that spin while they wait would take the processors from the model.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    network = Path(get_assets_path()) / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class Region:
    """Speech without a pause, in frames of the detector from the recording's start; `end` is the first after it."""

    start: int
    end: int


class Regions:
    """Turns probabilities into regions, piece by piece.

    A region longer than `longest` frames is cut where speech is least likely in its second half. Without `pauses`
    everything is speech, and only cut so.
    """

    def __init__(self, longest: int, pauses: bool = True) -> None:
        self._longest = longest
        self._begins, self._ends = (BEGINS, ENDS) if pauses else (0.0, -1.0)
        self._position = 0
        self._start: int | None = None
        self._quiet: int | None = None
        self._recent: list[float] = []

    @property
    def settled(self) -> int:
        """The first frame that a region still to come can have."""
        return self._position if self._start is None else self._start

    def feed(self, found: np.ndarray) -> Iterator[Region]:
        """The regions that end in the next frames."""
        for probability in found.tolist():
            yield from self._step(probability)
            self._position += 1

    def finish(self) -> Iterator[Region]:
        """The region that the recording's end cuts off."""
        if self._start is not None:
            yield from self._closed(self._position)

    def _step(self, probability: float) -> Iterator[Region]:
        if probability >= self._begins:
            self._quiet = None
            if self._start is None:
                self._start, self._recent = self._position, []
        if self._start is None:
            return
        if probability < self._ends and self._quiet is None:
            self._quiet = self._position
        self._recent.append(probability)
        if self._quiet is not None and self._position - self._quiet >= SILENCE:
            yield from self._closed(self._quiet)
        elif len(self._recent) >= self._longest:
            half = self._longest // 2
            cut = half + int(np.argmin(self._recent[half:]))
            yield Region(self._start, self._start + cut)
            self._start, self._recent, self._quiet = self._start + cut, self._recent[cut:], None

    def _closed(self, end: int) -> Iterator[Region]:
        if end - self._start >= SHORTEST:
            yield Region(self._start, end)
        self._start = self._quiet = None
