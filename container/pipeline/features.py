"""Samples to Whisper's log-mel features: 10 ms a frame, piece by piece exactly as if the recording were not cut."""

from __future__ import annotations

import numpy as np

from pipeline.pieces import BESIDE, HOP, Piece

TRANSFORM = 2 * BESIDE
# Frames in one product with the mel filters. Always as many, since the rounding depends on a product's shape.
BLOCK = 384
# Below this a band is silent; ln(0) has no value.
LEAST_POWER = 1e-10
# Whisper hears what is within 80 dB of the loudest moment of its window.
RANGE = 8.0

_WINDOW = np.hanning(TRANSFORM + 1)[:-1].astype(np.float32)


def log_mel(piece: Piece, filters: np.ndarray) -> np.ndarray:
    """The base-10 logarithms of the mel bands' powers, (bands, frames), not yet normalised.

    `filters` is (bands, 201), as faster-whisper's FeatureExtractor has it. Before its start the recording is mirrored,
    as in Whisper's own code; after its end there is silence.
    """
    before = piece.before if len(piece.before) else piece.samples[BESIDE:0:-1]
    before = np.pad(before, (BESIDE - len(before), 0))
    count = -(-len(piece.samples) // HOP)
    blocks = -(-count // BLOCK)
    padding = blocks * BLOCK * HOP + BESIDE - len(piece.samples) - len(piece.after)
    samples = np.concatenate([before, piece.samples, piece.after, np.zeros(max(0, padding), np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(samples, TRANSFORM)[::HOP]
    out = np.empty((len(filters), blocks * BLOCK), dtype=np.float32)
    for start in range(0, blocks * BLOCK, BLOCK):
        spectra = np.fft.rfft(frames[start : start + BLOCK] * _WINDOW, axis=1).astype(np.complex64)
        power = np.square(np.abs(spectra)).T
        out[:, start : start + BLOCK] = np.log10(np.maximum(filters @ power, LEAST_POWER))
    return out[:, :count]


def normalised(mel: np.ndarray, frames: int) -> np.ndarray:
    """One window's features as the model takes them, padded to `frames`: relative to its own loudest moment.

    The padding is zero, as faster-whisper's and Whisper's own code have it.
    """
    levels = (np.maximum(mel, mel.max() - RANGE) + 4.0) / 4.0
    return np.pad(levels, ((0, 0), (0, frames - levels.shape[1])))
