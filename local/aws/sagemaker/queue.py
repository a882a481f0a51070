"""The internal queue of an asynchronous endpoint: requests wait here until an instance takes them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.aws.clock import Clock


@dataclass(frozen=True, eq=False)
class AsyncRequest:
    """One accepted InvokeEndpointAsync. Exactly one of `input_location` and `body` is given; times are simulated."""

    inference_id: str
    output_location: str
    failure_location: str | None
    headers: dict[str, str]
    input_location: str | None
    body: bytes | None
    accepted: datetime
    ttl: timedelta
    timeout: timedelta


@dataclass
class Backlog:
    """What the endpoint's metrics are made of, at one time."""

    waiting: int
    running: int
    oldest: datetime | None


@dataclass
class RequestQueue:
    """First in, first out. An expired request is dropped when it is met, with neither output nor failure object."""

    clock: Clock
    expired: int = 0
    _waiting: deque[AsyncRequest] = field(default_factory=deque)
    _running: set[AsyncRequest] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, request: AsyncRequest) -> None:
        """Accepts a request."""
        with self._changed:
            self._waiting.append(request)
            self._changed.notify()

    def take(self, stopped: Callable[[], bool], timeout: float) -> AsyncRequest | None:
        """The next request, now running; None after `timeout` real seconds or once `stopped()`."""
        with self._changed:
            if not self._waiting and not stopped():
                self._changed.wait(timeout)
            while self._waiting and not stopped():
                request = self._waiting.popleft()
                if self._alive(request):
                    self._running.add(request)
                    return request
                self.expired += 1
            return None

    def done(self, request: AsyncRequest) -> None:
        """The request is finished, failed or lost: it is not running any more."""
        with self._changed:
            self._running.discard(request)

    def wake(self) -> None:
        """Makes every waiting take() look at `stopped` again."""
        with self._changed:
            self._changed.notify_all()

    def backlog(self) -> Backlog:
        """The counts at this moment; expired requests are dropped first."""
        with self._changed:
            self._drop_expired()
            oldest = self._waiting[0].accepted if self._waiting else None
            return Backlog(len(self._waiting), len(self._running), oldest)

    def _alive(self, request: AsyncRequest) -> bool:
        return self.clock.now() - request.accepted <= request.ttl

    def _drop_expired(self) -> None:
        kept = deque(request for request in self._waiting if self._alive(request))
        self.expired += len(self._waiting) - len(kept)
        self._waiting = kept
