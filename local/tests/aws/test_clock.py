"""Simulated time runs at its speed, never jumps, and wakes sleepers when the speed changes."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import pytest

from local.aws.clock import Clock

START = datetime(2026, 11, 23, tzinfo=timezone.utc)


def test_time_runs_at_its_speed_and_a_new_speed_does_not_make_it_jump() -> None:
    real = [100.0]
    clock = Clock(60, start=START, real=lambda: real[0])
    real[0] += 2
    assert clock.now() == START + timedelta(seconds=120)
    clock.speed = 1
    assert clock.now() == START + timedelta(seconds=120)
    real[0] += 5
    clock.speed = 1000
    real[0] += 1
    assert clock.monotonic() == 1125
    assert clock.now().utcoffset() == timedelta(0)


def test_a_sleeper_wakes_when_the_speed_is_raised() -> None:
    clock = Clock(0.001)
    sleeper = threading.Thread(target=clock.sleep, args=(3600,), daemon=True)
    sleeper.start()
    clock.speed = 1e6
    sleeper.join(30)
    assert not sleeper.is_alive()


def test_a_wait_ends_with_its_event_or_with_simulated_time() -> None:
    clock = Clock(0.001)
    event = threading.Event()
    seen: list[bool] = []
    waiter = threading.Thread(target=lambda: seen.append(clock.wait(event, 3600)), daemon=True)
    waiter.start()
    event.set()
    waiter.join(30)
    assert seen == [True]

    waiter = threading.Thread(target=lambda: seen.append(clock.wait(threading.Event(), 3600)), daemon=True)
    waiter.start()
    clock.speed = 1e6
    waiter.join(30)
    assert seen == [True, False]


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan"), "fast", True, None])
def test_a_speed_that_is_no_pace_is_refused(speed: object) -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="speed must be a positive number"):
        clock.speed = speed  # type: ignore[assignment]
    assert clock.speed == 1
