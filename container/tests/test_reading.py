"""In which language windows are read."""

import io
from itertools import chain, groupby, islice, repeat

import numpy as np
import pytest
from conftest import SPEECH

from pipeline import audio, model, reading
from pipeline.options import Options
from pipeline.transcribe import transcribe
from pipeline.windows import Window


def window(frames: int) -> Window:
    return Window((), np.zeros((1, frames), np.float32))


@pytest.mark.parametrize(
    ("lengths", "found", "expected"),
    [
        ([100], [{"en": 0.7, "fr": 0.3}], ("en", 0.7)),
        ([100, 1500], [{"en": 0.9, "fr": 0.1}, {"en": 0.2, "fr": 0.8}], ("fr", pytest.approx(0.756, abs=0.001))),
        ([1500] * 4 + [1500] * 9, [{"en": 0.6, "fr": 0.4}] * 4 + [{"en": 0.0, "fr": 1.0}] * 9, ("en", 0.6)),
    ],
    ids=["one window", "longer ones count more", "the first ones only"],
)
def test_a_recording_has_the_language_of_its_first_windows(lengths, found, expected):
    assert reading.leading([window(frames) for frames in lengths], found) == expected


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [({"en": 0.1, "fr": 0.9}, ("fr", 0.9)), ({"en": 0.25, "fr": 0.45, "es": 0.3}, ("en", 0.25))],
)
def test_a_window_has_its_own_language_only_when_that_is_sure(probabilities, expected):
    assert reading.own(probabilities, "en") == expected


class Hears:
    """The real model, but for what languages it hears in the windows: it knows no bilingual recording."""

    def __init__(self, model, *languages: tuple[str, float]) -> None:
        """The last of `languages` is that of all windows that follow, too."""
        self._model = model
        self._coming = chain(languages, repeat(languages[-1]))

    def __getattr__(self, name):
        return getattr(self._model, name)

    def detect_language(self, features):
        heard = islice(self._coming, features.shape[0])
        return [[("<|en|>", 1 - probability), (f"<|{code}|>", probability)] for code, probability in heard]


def test_languages_change_from_window_to_window_when_asked_to(base):
    loaded = model.load(base, {})
    names = ["sense-and-sensibility", "ask-not"] * 2
    samples = np.concatenate([audio.decode(io.BytesIO((SPEECH / f"{name}.mp3").read_bytes())) for name in names])
    loaded.whisper.model = Hears(loaded.whisper.model, ("en", 0.9), ("fr", 0.8), ("es", 0.4))
    speech = transcribe(loaded, [samples], Options(multilingual=True, language="en", temperature=0))
    languages = [segment["language"] for segment in speech.segments]
    # The windows after the second one, of which it is not sure, are taken for the language that was given.
    assert [language for language, _ in groupby(languages)] == ["en", "fr", "en"]
    assert speech.language == "en"
