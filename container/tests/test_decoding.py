"""The encoder works on no more than what is heard; workers that have nothing to do help with the text."""

import io

import ctranslate2
import numpy as np
import pytest
from conftest import SPEECH
from faster_whisper.tokenizer import Tokenizer

from pipeline import audio, features, model
from pipeline.decoding import PLACE, Decoder, encode, kept, together
from pipeline.pieces import pieces
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
    heard = sorted(encoder.frames)
    assert heard == [(1, 1000), (1, 1500), (1, 2850)]
    assert (encoded.context, encoded.frames) == (2900, [300, 1380, 2750])
    places = np.array(encoded.storage)[:, :, 0]
    assert places.shape == (3, 1450)
    for row, (_, frames) in zip(places, heard, strict=True):
        own = frames // PLACE
        assert row.tolist() == [*range(own), *[own - 1] * (1450 - own)]


def test_a_gpu_hears_all_windows_at_once():
    encoder = Encoder("cuda")
    encoded = encode(encoder, [window(300), window(1380)])
    assert encoder.frames == [(2, 1600)]
    assert encoded.context == 1600


class OneWorker:
    """The real model, which says that all other workers are busy. Counts the windows of each call."""

    def __init__(self, whisper: ctranslate2.models.Whisper, workers: int) -> None:
        self._whisper = whisper
        self.num_workers = workers
        self.calls: list[int] = []
        self.aligned: list[int] = []

    def __getattr__(self, name):
        return getattr(self._whisper, name)

    def generate(self, storage, prompts, **how):
        self.calls.append(len(prompts))
        return self._whisper.generate(storage, prompts, **how)

    def align(self, storage, start, texts, frames):
        self.aligned.append(len(texts))
        return self._whisper.align(storage, start, texts, frames)


@pytest.fixture
def loaded(tiny):
    return model.load(tiny, {})


def spoken(loaded: model.Model) -> list[Window]:
    """Three windows of different lengths."""
    samples = audio.decode(io.BytesIO((SPEECH / "sense-and-sensibility.mp3").read_bytes()))
    filters = loaded.whisper.feature_extractor.mel_filters
    mel = np.concatenate([features.log_mel(piece, filters) for piece in pieces([samples])], axis=1)
    return [Window((Span(0, end, (0, end)),), mel[:, :end]) for end in (1200, 700, 950)]


def test_the_text_is_the_same_from_one_worker_and_from_all(loaded):
    windows = spoken(loaded)
    tokenizer = Tokenizer(loaded.whisper.hf_tokenizer, loaded.whisper.model.is_multilingual, "transcribe", "en")
    texts = []
    for workers, calls in ((1, [3]), (2, [1, 2])):
        whisper = OneWorker(loaded.whisper.model, workers)
        texts.append(Decoder(whisper, tokenizer, [], 5).search(encode(loaded.whisper.model, windows)))
        assert whisper.calls == calls
    assert texts[0] == texts[1]
    assert len({one.text for one in texts[0]}) > 1


def test_a_window_without_a_text_is_not_aligned_and_moves_no_other(loaded):
    windows = spoken(loaded)
    tokenizer = Tokenizer(loaded.whisper.hf_tokenizer, loaded.whisper.model.is_multilingual, "transcribe", "en")
    whisper = OneWorker(loaded.whisper.model, 1)
    decoder = Decoder(whisper, tokenizer, [], 5)
    encoded = encode(loaded.whisper.model, windows)
    texts = [one.tokens for one in decoder.search(encoded)]
    whole = decoder.align(encoded, texts)
    part = decoder.align(encoded, [[], texts[1], []])
    assert [len(one.frames) for one in part] == [0, len(whole[1].frames), 0]
    assert np.abs(part[1].frames - whole[1].frames).max() <= PLACE
    assert [len(one.frames) for one in decoder.align(encoded, [[], [], []])] == [0, 0, 0]
    assert whisper.aligned == [3, 1]


def test_what_is_kept_of_a_window_is_what_the_encoder_made_of_it(loaded):
    windows = spoken(loaded)
    encoded = encode(loaded.whisper.model, windows)
    again = together(
        loaded.whisper.model, [windows[2], windows[0]], [kept(encoded, 2), kept(encoded, 0)], encoded.context
    )
    assert (again.context, again.frames) == (encoded.context, [950, 1200])
    assert np.array_equal(np.array(again.storage), np.array(encoded.storage)[[2, 0]])
