"""The encoder: a CPU's works on no more than what is heard."""

import ctranslate2
import numpy as np

from pipeline.decoding import PLACE, encode
from pipeline.windows import Span, Window

BANDS = 80


class Encoder:
    """Remembers how many frames it was given. What comes out counts its places."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.frames: list[tuple[int, int]] = []

    def encode(self, view: ctranslate2.StorageView) -> ctranslate2.StorageView:
        windows, _, frames = np.array(view).shape
        self.frames.append((windows, frames))
        places = np.arange(frames // PLACE, dtype=np.float32).reshape(1, -1, 1)
        return ctranslate2.StorageView.from_array(np.repeat(places, windows, axis=0))


def window(frames: int) -> Window:
    return Window((Span(0, frames, (0, frames)),), np.zeros((BANDS, frames), np.float32))


def test_a_cpu_hears_each_window_in_its_own_length_and_the_last_place_fills_up_the_batch():
    encoder = Encoder("cpu")
    encoded = encode(encoder, [window(300), window(1380), window(2750)])
    # Not less than 10 s, and a second of silence after the end.
    assert encoder.frames == [(1, 1000), (1, 1500), (1, 2850)]
    assert (encoded.context, encoded.frames) == (2900, [300, 1380, 2750])
    places = np.array(encoded.storage)[:, :, 0]
    assert places.shape == (3, 1450)
    for row, (_, frames) in zip(places, encoder.frames, strict=True):
        own = frames // PLACE
        assert row.tolist() == [*range(own), *[own - 1] * (1450 - own)]


def test_a_gpu_hears_all_windows_at_once():
    encoder = Encoder("cuda")
    encoded = encode(encoder, [window(300), window(1380)])
    assert encoder.frames == [(2, 1600)]
    assert encoded.context == 1600
