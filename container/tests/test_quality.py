"""The gate, and what words say of a window."""

import numpy as np
import pytest

from pipeline import quality, words
from pipeline.windows import Span, Window
from pipeline.words import Word


@pytest.mark.parametrize(
    ("text", "logprob", "seconds", "expected"),
    [
        ("Ask not what your country can do for you.", -0.2, 4, None),
        ("", -0.2, 4, None),
        ("Thank you. " * 20, -0.1, 20, "repeats itself"),
        ("and then he said and then he said and then he said and then he said", -0.1, 20, "repeats itself"),
        ("それはそれはそれはそれはそれは", -0.1, 20, "repeats itself"),
        ("Ask not what your country can do for you.", -1.2, 4, "unsure"),
        ("Ask not what your country can do for you, ask what you can do for it.", -0.2, 0.5, "too much text"),
    ],
)
def test_the_gate_says_why(text, logprob, seconds, expected):
    assert quality.fault(text, logprob, seconds) == expected


def test_what_is_said_three_times_may_be_said():
    assert quality.loop(["no", "no", "no", "that", "is", "not", "it"]) is None
    assert quality.loop(["no", "no", "no", "no", "that"]) == (1, 4)
    assert quality.loop(["so", "a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "end"]) == (3, 11)


def test_text_of_no_speech_is_invented_when_the_model_does_not_trust_it_or_it_was_a_moment():
    assert quality.invented("Thanks for watching.", -1.4, 0.9, 2)
    assert quality.invented("Thanks for watching.", -0.3, 0.9, 0.2)
    assert not quality.invented("Thanks for watching.", -0.3, 0.9, 2)
    assert not quality.invented("Yes.", -0.3, 0.1, 0.2)


def spoken(text: str, seconds_a_word: float = 0.4) -> list[Word]:
    length = 100 * seconds_a_word
    return [Word(f" {word}", n * length, (n + 1) * length, 1.0) for n, word in enumerate(text.split())]


def test_a_loop_is_cut_to_its_first_time():
    kept = words.without_loops(spoken("we begin. thank you. thank you. thank you. thank you. thank you. and end"))
    assert "".join(word.text for word in kept) == " we begin. thank you. and end"
    assert words.without_loops(spoken("no loop at all")) == spoken("no loop at all")


def test_speech_without_words_is_counted():
    """10 s of speech and 5 s of pause; the words cover 4 s of it."""
    spans = (Span(0, 800, (50, 750)), Span(1000, 1700, (1200, 1500)))
    window = Window(spans, np.zeros((80, 1500), dtype=np.float32))
    assert words.uncovered(window, []) == 10
    assert words.uncovered(window, spoken("a b c d e f g h i j")) == pytest.approx(3.5 + 3)
    everything = spoken(" ".join("w" * 40))
    assert words.uncovered(window, everything) == 0
