"""What the clients asked of the local AWS, in order: tests and benchmarks count requests with it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.aws.clock import Clock
from local.aws.credentials import iam_action
from local.aws.operations import Call


@dataclass(slots=True)
class Entry:
    """One request. There may be a hundred thousand of them: what is the same in many is held once."""

    service: str
    operation: str
    action: str
    parameters: dict[str, Any]
    mutating: bool
    bytes_in: int
    at: datetime
    status: int | None = None
    bytes_out: int = 0


class RequestsLog:
    """Every AWS request with its operation and size. Kept in memory; safe to use from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def begin(self, call: Call, bytes_in: int, parameters: dict[str, Any]) -> Entry:
        """Notes a request as it arrives, so that one still being answered is seen too (status null until then)."""
        entry = Entry(
            service=sys.intern(call.service),
            operation=sys.intern(call.operation),
            action=sys.intern(iam_action(call)),
            parameters=parameters,
            mutating=call.mutating,
            bytes_in=bytes_in,
            at=self._clock.now(),
        )
        with self._lock:
            self._entries.append(entry)
        return entry

    def counted(self, entry: Entry, body: Iterable[bytes]) -> Iterator[bytes]:
        """The answer's body, its bytes added to `entry` on their way; closes `body` as WSGI asks."""
        try:
            for part in body:
                entry.bytes_out += len(part)
                yield part
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def since(self, number: int) -> dict[str, Any]:
        """The requests from `number` on, and the number to ask for next."""
        with self._lock:
            found, following = self._entries[number:], len(self._entries)
        return {"next": following, "requests": [_told(entry, number + place) for place, entry in enumerate(found)]}


def _told(entry: Entry, number: int) -> dict[str, Any]:
    return {
        "n": number,
        "service": entry.service,
        "operation": entry.operation,
        "action": entry.action,
        "parameters": entry.parameters,
        "mutating": entry.mutating,
        "status": entry.status,
        "bytes_in": entry.bytes_in,
        "bytes_out": entry.bytes_out,
        "at": entry.at.isoformat(),
    }
