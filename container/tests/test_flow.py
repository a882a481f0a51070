"""Stages that run at once."""

import threading
from contextlib import closing

import pytest
from running import wait_until

from pipeline import flow


def test_what_is_made_ahead_comes_out_in_order_and_is_bounded():
    made = []

    def items():
        for number in range(20):
            made.append(number)
            yield number

    with closing(flow.ahead(items(), 3)) as line:
        assert next(line) == 0
        # One that was taken, three that wait, and one that waits for room.
        wait_until(lambda: len(made) == 5, "the fifth item")
        assert list(line) == list(range(1, 20))


def test_an_error_of_a_stage_comes_out_where_its_items_are_taken():
    def items():
        yield 1
        raise ValueError("broken")

    with closing(flow.ahead(items(), 3)) as line:
        assert next(line) == 1
        with pytest.raises(ValueError, match="broken"):
            next(line)


def test_who_takes_no_more_stops_the_stage_before():
    closed = threading.Event()

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    before = threading.active_count()
    with closing(flow.ahead(items(), 2)) as line:
        next(line)
    assert closed.is_set()
    assert threading.active_count() == before
