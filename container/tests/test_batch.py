"""Windows that leave a doubt are read again, apart from the others, and come back in their place."""

from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from pipeline.batch import AROUND, Batch
from pipeline.decoding import Decoded
from pipeline.errors import EngineStopped
from pipeline.looks import Doubt, Heard, Look
from pipeline.reading import Manner, Reading
from pipeline.windows import Span, Window

UNKNOWN = Manner(None, True, "transcribe", (), None, None)
WINDOW = Window((Span(0, 9, (0, 9)),), np.zeros((1, 9), np.float32))


@dataclass
class Line:
    """An engine that answers when a test does."""

    asked: list[tuple] = field(default_factory=list)
    closed: bool = False

    def submit(self, manner, windows, found=None):
        if self.closed:
            raise EngineStopped("the engine has stopped")
        future: Future[Reading] = Future()
        self.asked.append((manner, windows, future))
        return future


def decoded(*tokens: int) -> Decoded:
    return Decoded(list(tokens), "", 0.0, 0.0, 0.0)


def sure(*tokens: int) -> Heard:
    return Heard([Look(WINDOW, decoded(*tokens), [], None, 0.0)], 0)


def doubt(*tokens: int) -> Doubt:
    return Doubt(WINDOW, decoded(*tokens), None, 1600)


@pytest.fixture
def line() -> Line:
    return Line()


def first_looks(line: Line, *heard: Heard | Doubt, languages: str = "") -> Batch:
    """Each window's language is a letter."""
    batch = Batch(line, UNKNOWN, [WINDOW] * len(heard), lambda language: None)
    spoken = [(language, 0.9) for language in languages or "e" * len(heard)]
    line.asked[0][2].set_result(Reading(list(heard), spoken, 2.0))
    return batch


def test_without_a_doubt_nothing_is_read_again(line):
    heard = [sure(1), sure(2)]
    assert first_looks(line, *heard).result() == Reading(heard, [("e", 0.9)] * 2, 2.0)
    assert len(line.asked) == 1


def test_each_doubt_is_asked_after_with_what_is_said_around_it_and_its_answer_takes_its_place(line):
    batch = first_looks(line, doubt(1, 2), sure(3), doubt(4), sure(5))
    around = [(manner, [one.around for one in doubts]) for manner, doubts, _ in line.asked[1:]]
    once_more = replace(UNKNOWN, language="e", multilingual=False)
    assert around == [
        (replace(once_more, again=(1600, 3)), [[3, 4, 5]]),
        (replace(once_more, again=(1600, 4)), [[5, 1, 2, 3]]),
    ]
    answers = [sure(10), sure(20)]
    for (_, _, future), answer in zip(reversed(line.asked[1:]), reversed(answers), strict=True):
        future.set_result(Reading([answer], [("e", 1.0)], 0.5))
    reading = batch.result()
    assert [one.looks[0].decoded.tokens for one in reading.heard] == [[10], [3], [20], [5]]
    assert (reading.languages, reading.seconds) == ([("e", 0.9)] * 4, 3.0)


def test_only_the_end_of_what_is_said_in_the_same_language_goes_along(line):
    first_looks(line, doubt(1), sure(*range(AROUND)), sure(7), sure(8), languages="efee")
    assert line.asked[1][1][0].around == [7, 8]
    long = Line()
    first_looks(long, doubt(1), sure(*range(2 * AROUND)), sure(7))
    assert long.asked[1][1][0].around == [*range(AROUND + 1, 2 * AROUND), 7]


def test_what_fails_is_raised_whichever_reading_it_was(line):
    batch = first_looks(line, doubt(1))
    line.asked[1][2].set_exception(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        batch.result()
    batch = Batch(other := Line(), UNKNOWN, [WINDOW], lambda language: None)
    other.asked[0][2].set_exception(ValueError("at once"))
    with pytest.raises(ValueError, match="at once"):
        batch.result()
    batch.cancel()


def test_an_engine_that_stops_between_the_readings_leaves_nobody_waiting(line):
    batch = Batch(line, UNKNOWN, [WINDOW], lambda language: None)
    line.closed = True
    line.asked[0][2].set_result(Reading([doubt(1)], [("e", 1.0)], 1.0))
    with pytest.raises(EngineStopped):
        batch.result()


def test_what_waits_is_cancelled_before_and_after_the_first_looks(line):
    batch = Batch(line, UNKNOWN, [WINDOW], lambda language: None)
    batch.cancel()
    with pytest.raises(CancelledError):
        batch.result()
    later = first_looks(other := Line(), doubt(1), doubt(2))
    later.cancel()
    assert all(future.cancelled() for _, _, future in other.asked[1:])
