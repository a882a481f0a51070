"""Stages that run at once: each has its own thread or threads, and a short line between it and the next.

What waits is bounded by the lines, so memory does not grow with the length of a recording.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from queue import Full, Queue
from typing import Any, TypeVar

T = TypeVar("T")

# How long a stage that waits for room in its line takes to see that nobody takes from it any more.
POLL_SECONDS = 0.1


def ahead(items: Iterator[T], most: int) -> Generator[T, None, None]:
    """`items` in their order, made in a thread of their own that is at most `most` items ahead.

    An exception of `items` comes out here. Closing the generator stops the thread, and closes `items`.
    """
    line: Queue[tuple[bool, Any]] = Queue(most)
    stopped = threading.Event()

    def put(entry: tuple[bool, Any]) -> None:
        while not stopped.is_set():
            try:
                return line.put(entry, timeout=POLL_SECONDS)
            except Full:
                continue

    def work() -> None:
        try:
            with closing(items) if isinstance(items, Generator) else closing(_Nothing()):
                for item in items:
                    put((True, item))
                    if stopped.is_set():
                        return
            put((False, None))
        except BaseException as error:
            put((False, error))

    worker = threading.Thread(target=work, name="ahead", daemon=True)
    worker.start()
    try:
        while True:
            there, item = line.get()
            if there:
                yield item
            elif item is None:
                return
            else:
                raise item
    finally:
        stopped.set()
        worker.join()


class _Nothing:
    def close(self) -> None:
        """What is not a generator needs no closing."""
