"""Pieces, features and speech: a recording that is cut gives what it gives uncut."""

import io

import numpy as np
import pytest
from conftest import SPEECH
from faster_whisper.feature_extractor import FeatureExtractor

from pipeline import audio, features, speech
from pipeline.pieces import HOP, PIECE, SPEECH_FRAME, pieces
from pipeline.speech import Detector, Regions

FILTERS = FeatureExtractor().mel_filters
CUTS = 100
SESSION = speech.session(1)


@pytest.fixture(scope="module")
def recording() -> np.ndarray:
    """77 s: two readers in turns, with pauses between them."""
    files = [SPEECH / "ask-not.mp3", SPEECH / "sense-and-sensibility.mp3"]
    voices = [audio.decode(io.BytesIO(file.read_bytes())) for file in files]
    pause = np.zeros(audio.SAMPLE_RATE // 2, dtype=np.float32)
    return np.concatenate([part for voice in voices * 2 for part in (voice, pause)])


def blocks(samples: np.ndarray, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return np.split(samples, np.sort(random.integers(0, len(samples), 40)))


@pytest.mark.parametrize("length", [0, 1, 1000, PIECE, PIECE + 100, PIECE + 300, 2 * PIECE, 2 * PIECE + 12_345])
def test_pieces_put_together_are_the_recording_and_know_their_neighbours(length):
    samples = np.arange(length, dtype=np.float32)
    found = list(pieces(blocks(samples, length) if length else []))
    joined = np.concatenate([piece.samples for piece in found]) if found else samples
    assert np.array_equal(joined, samples)
    at = 0
    for piece in found:
        assert np.array_equal(piece.before, samples[max(0, at - 200) : at])
        at += len(piece.samples)
        assert np.array_equal(piece.after, samples[at : at + 200])


def sizes() -> list[int]:
    """100 random lengths of pieces, from one second on, each a whole number of both kinds of frames."""
    unit = np.lcm(HOP, SPEECH_FRAME)
    return [int(size) * int(unit) for size in np.random.default_rng(5).integers(7, 192, CUTS)]


def test_features_do_not_depend_on_where_the_recording_is_cut(recording):
    (whole,) = pieces([recording], size=10 * PIECE)
    uncut = features.log_mel(whole, FILTERS)
    assert uncut.shape == (80, -(-len(recording) // HOP))
    for size in sizes():
        cut = np.concatenate([features.log_mel(piece, FILTERS) for piece in pieces([recording], size=size)], axis=1)
        assert np.array_equal(cut, uncut), size


def test_features_are_those_of_faster_whisper(recording):
    part = recording[: 20 * audio.SAMPLE_RATE]
    (whole,) = pieces([part])
    ours = features.normalised(features.log_mel(whole, FILTERS), 3000)
    theirs = FeatureExtractor()(part)
    assert np.abs(ours[:, :1999] - theirs[:, :1999]).max() < 1e-4
    assert not ours[:, 2000:].any()


def regions(recording: np.ndarray, size: int) -> list[speech.Region]:
    found, detector = Regions(longest=800), Detector(SESSION)
    cut = [
        region
        for piece in pieces([recording], size=size)
        for region in found.feed(detector.probabilities(piece.samples))
    ]
    return [*cut, *found.finish()]


def test_speech_begins_and_ends_where_it_does_uncut(recording):
    """To the frame: better than the 64 ms that would do."""
    uncut = regions(recording, 10 * PIECE)
    assert len(uncut) > 10
    for size in sizes():
        assert regions(recording, size) == uncut, size
