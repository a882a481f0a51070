"""A container's output in CloudWatch Logs: group /aws/sagemaker/Endpoints/<endpoint>, one stream an instance."""

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
        # Real time, not simulated: CloudWatch Logs (and moto) refuse events more than two hours ahead.
        now = int(time.time() * 1000)
        with self._moto:
            self._backend.ensure_log_group(self._group)
            self._backend.ensure_log_stream(self._group, self._stream)
            events = [{"timestamp": now, "message": line or " "} for line in new]
            self._backend.put_log_events(self._group, self._stream, events)

    def restarted(self) -> None:
        """The container is a new one: its output starts again."""
        self._shipped = []


def _overlap(old: list[str], new: list[str]) -> int:
    """How many lines at the start of `new` were the end of `old` already (`new` may have lost its oldest lines)."""
    if new[: len(old)] == old:
        return len(old)
    for length in range(min(len(old), len(new)), 0, -1):
        if old[-length:] == new[:length]:
            return length
    return 0
