"""Faults that a test switches on, each for the next requests of a kind."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

KINDS = ("status", "cut", "stall", "wrong-bytes")


@dataclass
class Fault:
    """`status`: answers with it. `cut`: breaks the connection after `after_bytes`. `stall`: sends nothing more after
    them, until the client hangs up. `wrong-bytes`: changes the first."""

    kind: str
    path: str = ""
    """The request's path must end with it."""
    times: int = 1
    status: int = 500
    retry_after: int | None = None
    """Seconds, sent as Retry-After."""
    after_bytes: int = 0
    where: str = "any"
    """hub | files (the second origin) | any."""

    @classmethod
    def parse(cls, members: dict[str, Any]) -> Fault:
        """Raises ValueError or TypeError when it is not a fault."""
        fault = cls(**members)
        if fault.kind not in KINDS:
            raise ValueError(f"kind {fault.kind!r} is none of {', '.join(KINDS)}")
        return fault


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, where: str, path: str, kinds: tuple[str, ...]) -> Fault | None:
        """The first fault for this request, used up by one."""
        with self._lock:
            for fault in self._faults:
                fits = fault.kind in kinds and path.endswith(fault.path) and fault.where in ("any", where)
                if fits and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None
