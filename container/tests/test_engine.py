"""Few threads, one model, several requests."""

import threading
from contextlib import closing
from dataclasses import replace
from queue import SimpleQueue

import numpy as np
import pytest
from running import wait_until

from pipeline.engine import PATIENCE, Engine
from pipeline.errors import EngineStopped, RequestError
from pipeline.reading import Manner, Reading
from pipeline.windows import Span, Window

ENGLISH = Manner("en", False, "transcribe", (), None, None)
FRENCH = Manner("fr", False, "transcribe", (), None, None)
UNKNOWN = Manner(None, False, "transcribe", (), None, None)
OUT_OF_MEMORY = "CUDA failed with error out of memory"
BATCH = 8
SECONDS = 60


def windows(name: str, count: int) -> list[Window]:
    """Told apart by what is said of them: their spans begin at a number of their own."""
    start = sum(name.encode()) * 1000
    return [Window((Span(start + n, start + n + 9, (0, 9)),), mel(9)) for n in range(count)]


def mel(frames: int) -> np.ndarray:
    return np.zeros((1, frames), np.float32)


class Model:
    """Remembers its batches. Reads a window by its first frame, once `go_on` is set."""

    def __init__(self) -> None:
        self.batches: list[tuple[Manner, list[int]]] = []
        self.go_on = threading.Event()
        self.fits = BATCH
        self.breaks_at: Window | None = None
        self.meanwhile = lambda: None

    def read(self, manner, groups, found):
        self.batches.append((manner, [len(group) for group in groups]))
        together = [window for group in groups for window in group]
        found([manner.language or f"found in {len(together)}"] * len(groups))
        assert self.go_on.wait(SECONDS)
        self.meanwhile()
        if len(together) > self.fits:
            raise RuntimeError(OUT_OF_MEMORY)
        if any(window is self.breaks_at for window in together):
            raise ValueError("broken")
        language = manner.language or f"found in {len(together)}"
        return [
            Reading([window.spans[0].start for window in group], [(language, 1.0)] * len(group), 0.0)
            for group in groups
        ]


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def engine(model):
    with closing(Engine(model.read, BATCH)) as engine:
        # The thread is held in a first batch, so that what a test submits is in line when the second one is made.
        engine.submit(ENGLISH, windows("first", 1))
        wait_until(lambda: model.batches, "the first batch")
        yield engine
        model.go_on.set()


def test_windows_of_several_requests_share_a_batch_and_each_request_gets_its_own(model, engine):
    asked = {name: windows(name, count) for name, count in (("a", 3), ("b", 1), ("c", 4))}
    asked["the same"] = windows("a", 3)
    futures = {name: engine.submit(ENGLISH, some) for name, some in asked.items()}
    model.go_on.set()
    for name, future in futures.items():
        assert future.result(SECONDS).heard == [window.spans[0].start for window in asked[name]]
    assert model.batches[1:] == [(ENGLISH, [3, 1, 4]), (ENGLISH, [3])]


def test_who_has_waited_longest_comes_next_and_takes_along_what_fits(model, engine):
    order = [(ENGLISH, 8), (FRENCH, 5), (ENGLISH, 6), (FRENCH, 4), (FRENCH, 3), (ENGLISH, 1)]
    futures = [engine.submit(manner, windows(str(n), count)) for n, (manner, count) in enumerate(order)]
    model.go_on.set()
    for future in futures:
        future.result(SECONDS)
    assert model.batches[1:] == [(ENGLISH, [8]), (FRENCH, [5, 3]), (ENGLISH, [6, 1]), (FRENCH, [4])]


def test_what_is_read_again_lets_a_few_batches_go_first_and_meets_others_of_its_kind(model, engine):
    again = replace(ENGLISH, again=(2900, 100))
    doubts = [engine.submit(again, windows(name, 1)) for name in "ab"]
    stream = [engine.submit(ENGLISH, windows("0", BATCH))]
    # There is always something else in line.
    model.meanwhile = lambda: stream.append(engine.submit(ENGLISH, windows(str(len(stream)), BATCH)))
    model.go_on.set()
    for doubt in doubts:
        doubt.result(SECONDS)
    model.meanwhile = lambda: None
    read = [list(batch) for batch in model.batches[1:]]
    assert read.index([again, [1, 1]]) in (PATIENCE, PATIENCE + 1)


def test_what_is_read_again_does_not_wait_for_nothing(model, engine):
    again = replace(ENGLISH, again=(2900, 100))
    future = engine.submit(again, windows("a", 1))
    model.go_on.set()
    future.result(SECONDS)
    assert model.batches[1:] == [(again, [1])]


def test_a_long_window_of_somebody_else_does_not_lengthen_the_context_of_short_ones(model, engine):
    long = Window((Span(0, 1500, (0, 1500)),), mel(1500))
    futures = [engine.submit(ENGLISH, some) for some in (windows("a", 2), [long], windows("b", 3))]
    model.go_on.set()
    for future in futures:
        future.result(SECONDS)
    assert model.batches[1:] == [(ENGLISH, [2, 3]), (ENGLISH, [1])]


def test_what_does_not_fit_the_memory_is_read_in_parts_and_later_batches_are_smaller(model, engine):
    model.fits = 3
    asked = windows("long", 8)
    long = engine.submit(UNKNOWN, asked)
    short = engine.submit(ENGLISH, windows("short", 4))
    model.go_on.set()
    reading = long.result(SECONDS)
    assert reading.heard == [window.spans[0].start for window in asked]
    # The language that was told first stays the recording's.
    assert reading.languages == [("found in 8", 1.0)] * 8
    assert short.result(SECONDS).languages[0][0] == "en"
    after = Manner("found in 8", False, "transcribe", (), None, None)
    assert model.batches[1:5] == [(UNKNOWN, [8]), (after, [4]), (after, [2]), (after, [2])]
    assert model.batches[-2:] == [(ENGLISH, [2]), (ENGLISH, [2])]


def test_each_thread_reads_a_batch_and_the_language_is_told_before_the_text_is_there(model):
    with closing(Engine(model.read, BATCH, threads=2)) as engine:
        told = SimpleQueue()
        first = engine.submit(UNKNOWN, windows("a", 3), told.put)
        assert told.get(timeout=SECONDS) == "found in 3"
        futures = [first, *(engine.submit(ENGLISH, windows(name, BATCH)) for name in "bc")]
        wait_until(lambda: len(model.batches) == 2, "two batches at once")
        assert not any(future.done() for future in futures)
        model.go_on.set()
        assert [len(future.result(SECONDS).heard) for future in futures] == [3, BATCH, BATCH]


def test_a_thread_leaves_the_others_their_share_of_the_line(model):
    with closing(Engine(model.read, BATCH, threads=2)) as engine:
        for language in ("en", "fr"):
            engine.submit(Manner(language, False, "transcribe", (), None, None), windows("first", 1))
        wait_until(lambda: len(model.batches) == 2, "both threads are busy")
        futures = [engine.submit(ENGLISH, windows(name, 2)) for name in "abcd"]
        model.go_on.set()
        for future in futures:
            future.result(SECONDS)
        assert [groups for _, groups in model.batches[2:]] == [[2, 2], [2], [2]]


def test_a_window_that_alone_is_too_much_fails_and_the_next_request_does_not(model, engine):
    model.fits = 0
    future = engine.submit(ENGLISH, windows("a", 4))
    model.go_on.set()
    with pytest.raises(RequestError, match="memory is too small") as caught:
        future.result(SECONDS)
    assert (caught.value.status_code, caught.value.code) == (500, "out_of_memory")
    model.fits = BATCH
    assert len(engine.submit(ENGLISH, windows("b", 4)).result(SECONDS).heard) == 4


def test_requests_that_do_not_fit_together_are_read_one_by_one(model, engine):
    model.fits = 4
    futures = [engine.submit(ENGLISH, windows(name, 4)) for name in "ab"]
    model.go_on.set()
    assert [len(future.result(SECONDS).heard) for future in futures] == [4, 4]
    assert model.batches[1:] == [(ENGLISH, [4, 4]), (ENGLISH, [4]), (ENGLISH, [4])]


def test_what_breaks_breaks_only_the_request_that_it_belongs_to(model, engine):
    broken = windows("broken", 2)
    model.breaks_at = broken[1]
    futures = [engine.submit(ENGLISH, some) for some in (windows("a", 1), broken, windows("b", 1))]
    model.go_on.set()
    assert [len(futures[number].result(SECONDS).heard) for number in (0, 2)] == [1, 1]
    with pytest.raises(ValueError, match="broken"):
        futures[1].result(SECONDS)


def test_what_is_cancelled_is_not_read_and_nobody_waits_for_an_engine_that_is_closed(model, engine):
    cancelled, read, late = (engine.submit(manner, windows("a", 1)) for manner in (ENGLISH, FRENCH, UNKNOWN))
    cancelled.cancel()
    batches = iter([lambda: None, engine.close])
    model.meanwhile = lambda: next(batches)()
    model.go_on.set()
    assert read.result(SECONDS).languages[0][0] == "fr"
    with pytest.raises(EngineStopped):
        late.result(SECONDS)
    with pytest.raises(EngineStopped):
        engine.submit(ENGLISH, windows("a", 1))
    assert [manner for manner, _ in model.batches] == [ENGLISH, FRENCH]
