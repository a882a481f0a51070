"""Simulated time: the real clock times a speed, so that a test can watch fifteen idle minutes in fifteen seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

# A threading.Event cannot be waited on together with a change of speed, so such a wait looks again this often (real s).
_LOOK_AGAIN = 0.05


class Clock:
    """Time that runs `speed` simulated seconds to a real one. Safe to use from any thread.

    `start` is the simulated time at which it begins (aware; default: the real time). `real` gives real seconds and
    exists so that a test can move the time by hand.
    """

    def __init__(
        self, speed: float = 1.0, *, start: datetime | None = None, real: Callable[[], float] = time.monotonic
    ) -> None:
        self._changed = threading.Condition()
        self._real = real
        self._start = start or datetime.now(timezone.utc)
        self._elapsed = 0.0
        self._anchor = real()
        self._speed = _checked(speed)

    @property
    def speed(self) -> float:
        """Simulated seconds per real second."""
        with self._changed:
            return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """Changes the pace from now on; the time itself does not jump. ValueError unless a positive number."""
        with self._changed:
            checked = _checked(speed)
            self._elapsed = self._elapsed_now()
            self._anchor = self._real()
            self._speed = checked
            self._changed.notify_all()

    def monotonic(self) -> float:
        """Simulated seconds since the clock was made."""
        with self._changed:
            return self._elapsed_now()

    def now(self) -> datetime:
        """The simulated time, in UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def sleep(self, seconds: float) -> None:
        """Sleeps `seconds` simulated seconds, through changes of speed too."""
        with self._changed:
            end = self._elapsed_now() + seconds
            while (left := end - self._elapsed_now()) > 0:
                self._changed.wait(left / self._speed)

    def wait(self, event: threading.Event, timeout: float | None = None) -> bool:
        """Waits until `event` is set, for at most `timeout` simulated seconds; returns whether it is set."""
        if timeout is None:
            return event.wait()
        end = self.monotonic() + timeout
        while not event.is_set() and (left := end - self.monotonic()) > 0:
            event.wait(min(left / self.speed, _LOOK_AGAIN))
        return event.is_set()

    def _elapsed_now(self) -> float:
        return self._elapsed + (self._real() - self._anchor) * self._speed


def _checked(speed: float) -> float:
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 < speed < float("inf"):
        raise ValueError(f"the clock's speed must be a positive number of simulated seconds per second, not {speed!r}")
    return float(speed)
