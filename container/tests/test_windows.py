"""Speech probabilities to regions, regions to windows."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.pieces import FRAMES_A_SECOND
from pipeline.speech import Regions
from pipeline.windows import PAD, Window, pack

LONGEST = 20 * FRAMES_A_SECOND
# Frames of the detector in a piece, and of features.
SPEECH_FRAMES, MEL_FRAMES = 960, 3072


def found(probabilities: list[float], longest: int = 1000, pauses: bool = True) -> list[tuple[int, int]]:
    regions = Regions(longest, pauses)
    out = [*regions.feed(np.array(probabilities)), *regions.finish()]
    return [(region.start, region.end) for region in out]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.0] * 20, []),
        ([0.0] * 5 + [0.9] * 10 + [0.0] * 10, [(5, 15)]),
        ([0.9] * 10 + [0.0] * 4 + [0.9] * 10, [(0, 24)]),
        ([0.9] * 10 + [0.0] * 6 + [0.9] * 10, [(0, 10), (16, 26)]),
        ([0.9] * 10 + [0.4] * 20 + [0.0] * 9, [(0, 30)]),
        ([0.0] * 5 + [0.9] * 2 + [0.0] * 10, []),
    ],
    ids=["silence", "speech", "a short pause", "a pause", "trailing off", "a click"],
)
def test_regions_begin_and_end_with_speech(probabilities, expected):
    assert found(probabilities) == expected


def test_speech_without_a_pause_is_cut_where_it_is_least_likely():
    probabilities = [0.9] * 250
    probabilities[77] = 0.6
    assert found(probabilities, longest=100) == [(0, 77), (77, 127), (127, 177), (177, 250)]


def test_without_pauses_everything_is_speech():
    assert found([0.0] * 30, longest=20, pauses=False) == [(0, 10), (10, 20), (20, 30)]


def analysed(speech: list[tuple[float, float]], seconds: float):
    """Pieces in which mel frame n has the value n, and speech is where `speech` says, in seconds."""
    probabilities = np.zeros(int(seconds / 0.032))
    for start, end in speech:
        probabilities[int(start / 0.032) : int(end / 0.032)] = 1
    mel = np.tile(np.arange(len(probabilities) * 512 // 160, dtype=np.float32), (2, 1))
    for piece, at in enumerate(range(0, len(probabilities), SPEECH_FRAMES)):
        yield mel[:, piece * MEL_FRAMES : (piece + 1) * MEL_FRAMES], probabilities[at : at + SPEECH_FRAMES]


def random_speech(seed: int) -> list[tuple[float, float]]:
    random = np.random.default_rng(seed)
    edges = np.cumsum(random.uniform(0.3, 9, 80))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_windows_hold_all_speech_once_in_order_and_are_never_too_long(seed):
    speech = random_speech(seed)
    windows = list(pack(analysed(speech, 420), LONGEST))
    spans = [span for window in windows for span in window.spans]
    assert all(window.frames <= LONGEST for window in windows)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    inside = np.zeros(42_000, dtype=bool)
    for span in spans:
        inside[span.start : span.end] = True
    for start, end in speech:
        assert inside[int(start * 100) : int(end * 100)].all()
    for window in windows:
        frames = np.concatenate([np.arange(span.start, span.end) for span in window.spans])
        assert np.array_equal(window.mel[0], frames.astype(np.float32))
        assert window.frames == len(frames)


def test_silence_is_left_out_but_for_what_surrounds_speech():
    (window,) = pack(analysed([(10, 12), (100, 103)], 200), LONGEST)
    pad = PAD / FRAMES_A_SECOND
    assert window.frames / FRAMES_A_SECOND == pytest.approx(5 + 4 * pad, abs=0.2)
    first, second = window.spans
    assert window.seconds(0) == pytest.approx(10 - pad, abs=0.1)
    assert window.seconds(first.frames, end=True) == pytest.approx(12 + pad, abs=0.1)
    assert window.seconds(first.frames) == second.start / FRAMES_A_SECOND == pytest.approx(100 - pad, abs=0.1)


def test_a_window_ends_at_the_longest_pause_when_it_is_nearly_full():
    speech = [(0.5, 6), (6.5, 12), (12.5, 16), (18, 19), (19.3, 24)]
    first, second = pack(analysed(speech, 30), LONGEST)
    assert len(first.spans) == 3
    assert len(second.spans) == 2


def test_nothing_is_left_out_when_pauses_are_not_looked_for():
    windows = list(pack(analysed([(10, 12)], 100), LONGEST, pauses=False))
    assert sum(window.frames for window in windows) == pytest.approx(10_000, abs=10)


def test_halves_are_the_window():
    (window,) = pack(analysed([(0, 4), (5, 9), (9.3, 14), (14.3, 18)], 20), LONGEST)
    one, other = window.halves()
    assert np.array_equal(np.concatenate([one.mel, other.mel], axis=1), window.mel)
    assert one.spans + other.spans == window.spans
    assert Window(window.spans[:1], window.mel[:, : window.spans[0].frames]).halves() is None
