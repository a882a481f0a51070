"""A model that has run once: the first run loads the kernels, on a GPU for 20 s, and says what does not fit."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline import memory, model
from pipeline.audio import SAMPLE_RATE
from pipeline.errors import ModelError, RequestError
from pipeline.options import Options
from pipeline.transcribe import transcribe

SECONDS = 2


def load(folder: Path, environment: Mapping[str, str]) -> model.Model:
    """model.load(), and all stages once, with and without speech detection. Raises ModelError."""
    memory.keep_freed()
    loaded = model.load(folder, environment)
    noise = np.random.default_rng(0).normal(scale=0.01, size=SECONDS * SAMPLE_RATE).astype(np.float32)
    try:
        for vad in (True, False):
            transcribe(loaded, [noise], Options(language="en", vad=vad, temperature=0.0))
    except (RuntimeError, ValueError, RequestError) as error:
        how = f"{loaded.device} as {loaded.compute_type}"
        raise ModelError(f"the weights in {folder} can't be run on {how}: {error}") from error
    # What is here stays: the collection after each recording (audio.py) would look through it with all threads stopped,
    # for 60 ms.
    gc.collect()
    gc.freeze()
    return loaded
