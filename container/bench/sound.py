"""Prompts of recorded or spoken text, and the files that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

RATE = 16_000
PAUSE_SECONDS = 0.6
BITS_A_SECOND = 48_000


@dataclass(frozen=True)
class Prompt:
    """`samples`: int16, mono, at RATE."""

    text: str
    samples: np.ndarray


def decoded(file: Path) -> np.ndarray:
    """The samples of a Prompt."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(file), format="g722" if file.suffix == ".g722" else None) as source:
        frames = [resampled for frame in source.decode(audio=0) for resampled in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])


def write(path: Path, prompts: Sequence[Prompt]) -> None:
    """`path`.mp3 has the prompts with pauses between them, `path`.txt their texts."""
    pause = np.zeros(int(PAUSE_SECONDS * RATE), dtype=np.int16)
    samples = np.concatenate([part for prompt in prompts for part in (prompt.samples, pause)])
    path.with_suffix(".txt").write_text("\n".join(prompt.text for prompt in prompts) + "\n", encoding="utf-8")
    with av.open(str(path.with_suffix(".mp3")), mode="w") as target:
        track = target.add_stream("libmp3lame", rate=RATE, layout="mono")
        track.bit_rate = BITS_A_SECOND
        resampler = av.AudioResampler(track.format, "mono", RATE, frame_size=1152)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            target.mux(track.encode(piece))
        target.mux(track.encode(None))
