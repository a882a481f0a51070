"""Threads that call the model. Windows of several requests that are read in the same manner share its batches."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from pipeline.decoding import context
from pipeline.errors import EngineStopped, RequestError, is_out_of_memory
from pipeline.pieces import FRAMES_A_SECOND
from pipeline.reading import Found, Manner, Reading
from pipeline.windows import Window

_LOGGER = logging.getLogger(__name__)

# Batches that go before windows that are read again, which meet others meanwhile: read one by one they take up to
# twice the time of those in a batch. Nobody waits where nothing else is in line.
PATIENCE = 6

Read = Callable[[Manner, Sequence[Sequence[Window]], Found], list[Reading]]


@dataclass(eq=False)
class _Job:
    """Windows of one request. Two are never the same, even if two requests have the same recording."""

    manner: Manner
    windows: Sequence[Window]
    found: Callable[[str], None]
    turn: int
    future: Future[Reading] = field(default_factory=Future)

    def tell(self, language: str) -> None:
        """What memory did not suffice for is read again in the same language."""
        self.manner = self.manner.after(language)
        self.found(language)

    def goes_with(self, other: _Job) -> bool:
        """Whether both can be in one batch without changing each other's text."""
        return self.manner == other.manner and context(self.windows) == context(other.windows)


class Engine:
    """Reads windows, first come first served, but for those that are read again: each batch begins with whoever's turn
    it is.

    Others that are read alike and fit go with it, but each thread leaves the others their share. Windows that were
    submitted together stay together, so that a request which is alone gets the same batches each time.
    """

    def __init__(self, read: Read, most: int, threads: int = 1) -> None:
        """`read` gives a Reading for each group of windows; `most` windows make a batch, and each thread reads one."""
        self._read = read
        self._most = most
        self._threads = threads
        self._line: list[_Job] = []
        self._begun = 0
        self._changed = threading.Condition()
        self._closed = False
        for number in range(threads):
            threading.Thread(target=self._work, name=f"engine-{number}", daemon=True).start()

    def submit(
        self, manner: Manner, windows: Sequence[Window], found: Callable[[str], None] = lambda language: None
    ) -> Future[Reading]:
        """One or more windows. `found` is told their first language as soon as it is known, perhaps more than once, by
        the engine's thread. The future can be cancelled until they are read; it raises what the model raises, and
        RequestError 500 `out_of_memory` where a single window is too much for the device. Raises EngineStopped."""
        with self._changed:
            if self._closed:
                raise EngineStopped("the engine has stopped")
            job = _Job(manner, windows, found, self._begun + (PATIENCE if manner.again else 0))
            self._line.append(job)
            self._changed.notify()
        return job.future

    def close(self) -> None:
        """Ends each thread after its batch; what waits gets EngineStopped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            while batch := self._next_batch():
                if jobs := [job for job in batch if job.future.set_running_or_notify_cancel()]:
                    self._answer(jobs)
        finally:
            # Whatever ended it: nobody may wait for ever.
            self.close()
            with self._changed:
                left, self._line = self._line, []
            for job in left:
                if job.future.set_running_or_notify_cancel():
                    job.future.set_exception(EngineStopped("the engine has stopped"))

    def _next_batch(self) -> list[_Job]:
        """Waits for one; none when the engine is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._line or self._closed)
            if self._closed:
                return []
            first = min(self._line, key=lambda job: job.turn)
            share = math.ceil(sum(len(job.windows) for job in self._line) / self._threads)
            batch, room = [first], min(self._most, share) - len(first.windows)
            for job in self._line:
                if job is not first and job.goes_with(first) and len(job.windows) <= room:
                    batch.append(job)
                    room -= len(job.windows)
            self._line = [job for job in self._line if job not in batch]
            self._begun += 1
            return batch

    def _answer(self, jobs: Sequence[_Job]) -> None:
        if len(jobs) > 1 and self._answer_together(jobs):
            return
        for job in jobs:
            try:
                job.future.set_result(self._alone(job))
            except Exception as error:
                job.future.set_exception(error)

    def _answer_together(self, jobs: Sequence[_Job]) -> bool:
        """Whether it went well: what goes wrong is for the one request to know that it goes wrong for."""

        def found(languages: Sequence[str]) -> None:
            for job, language in zip(jobs, languages, strict=True):
                job.tell(language)

        try:
            readings = self._read(jobs[0].manner, [job.windows for job in jobs], found)
        except Exception as error:
            if is_out_of_memory(error):
                self._halve(sum(len(job.windows) for job in jobs))
            return False
        for job, reading in zip(jobs, readings, strict=True):
            job.future.set_result(reading)
        return True

    def _alone(self, job: _Job) -> Reading:
        """In as many parts as the device's memory asks for."""
        parts, at = [], 0
        while at < len(job.windows):
            part = job.windows[at : at + self._most]
            try:
                (reading,) = self._read(job.manner, [part], lambda languages: job.tell(languages[0]))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if len(part) == 1:
                    raise _too_small(part[0]) from error
                self._halve(len(part))
                continue
            parts.append(reading)
            at += len(part)
        return Reading.joined(parts)

    def _halve(self, windows: int) -> None:
        """Batches stay smaller from here on: what did not fit once would not fit the next time."""
        self._most = max(1, windows // 2)
        _LOGGER.warning("%d windows do not fit the device's memory: batches have %d now", windows, self._most)


def _too_small(window: Window) -> RequestError:
    seconds = window.frames / FRAMES_A_SECOND
    return RequestError(
        500,
        "out_of_memory",
        f"the device's memory is too small for {seconds:.0f} s of audio with these options: "
        "take a smaller beam_size, a smaller model or a larger instance",
    )
