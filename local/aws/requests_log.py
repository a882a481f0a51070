"""What the clients asked of the local AWS, in order: tests and benchmarks count requests with it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from local.aws.clock import Clock
from local.aws.credentials import iam_action
from local.aws.operations import Call


class RequestsLog:
    """Every AWS request with its operation and size. Kept in memory; safe to use from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def begin(self, call: Call, bytes_in: int, parameters: dict[str, Any]) -> dict[str, Any]:
        """Notes a request as it arrives, so that one still being answered is seen too (status null until then)."""
        entry: dict[str, Any] = {
            "service": call.service,
            "operation": call.operation,
            "action": iam_action(call),
            "parameters": parameters,
            "mutating": call.mutating,
            "status": None,
            "bytes_in": bytes_in,
            "bytes_out": 0,
            "at": self._clock.now().isoformat(),
        }
        with self._lock:
            entry["n"] = len(self._entries)
            self._entries.append(entry)
        return entry

    def counted(self, entry: dict[str, Any], body: Iterable[bytes]) -> Iterator[bytes]:
        """The answer's body, its bytes added to `entry` on their way; closes `body` as WSGI asks."""
        try:
            for part in body:
                entry["bytes_out"] += len(part)
                yield part
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def since(self, number: int) -> dict[str, Any]:
        """The requests from `number` on, and the number to ask for next."""
        with self._lock:
            return {"next": len(self._entries), "requests": [dict(entry) for entry in self._entries[number:]]}
