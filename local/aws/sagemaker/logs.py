"""CloudWatch Logs of an endpoint: group /aws/sagemaker/Endpoints/<endpoint>, made when a container first prints.

An instance has two streams: `<variant>/<instance>` is what its container prints, `<variant>/<instance>/data-log` is
SageMaker's own line for each asynchronous request (developer guide, "Monitor asynchronous endpoint").
"""

from __future__ import annotations

import threading
import time

from moto.logs.models import logs_backends

# Lines asked of the engine at once. What a container writes beyond that between two looks is missed.
LINES = 5000


class LogStream:
    """Copies an instance's growing output; `ship` is given all of it each time and adds what is new."""

    _moto = threading.Lock()

    def __init__(self, account: str, region: str, endpoint: str, stream: str) -> None:
        self._backend = logs_backends[account][region]
        self._group = f"/aws/sagemaker/Endpoints/{endpoint}"
        self._stream = stream
        self._shipped: list[str] = []

    def ship(self, output: str) -> None:
        """Adds the lines of `output` that were not in it the last time."""
        lines = output.splitlines()
        new = lines[_overlap(self._shipped, lines) :]
        if not new:
            return
        self._shipped = lines
        self._put(self._stream, new)

    def restarted(self) -> None:
        """The container is a new one: its output starts again."""
        self._shipped = []

    def note(self, message: str) -> None:
        """Adds a line of SageMaker's own about a request."""
        self._put(f"{self._stream}/data-log", [message])

    def _put(self, stream: str, lines: list[str]) -> None:
        # Real time, not simulated: CloudWatch Logs (and moto) refuse events more than two hours ahead.
        now = int(time.time() * 1000)
        with self._moto:
            self._backend.ensure_log_group(self._group)
            self._backend.ensure_log_stream(self._group, stream)
            events = [{"timestamp": now, "message": line or " "} for line in lines]
            self._backend.put_log_events(self._group, stream, events)


def _overlap(old: list[str], new: list[str]) -> int:
    """How many lines at the start of `new` were the end of `old` already (`new` may have lost its oldest lines)."""
    if new[: len(old)] == old:
        return len(old)
    for length in range(min(len(old), len(new)), 0, -1):
        if old[-length:] == new[:length]:
            return length
    return 0
