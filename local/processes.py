"""Processes that outlive the command that started them, and are found again to be stopped.

Each has a record DIR/NAME.pid with its pid and start time (so that a pid used again by something else is never killed),
leads a process group of its own, and writes to DIR/NAME.log.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

LOG_TAIL_LINES = 20


class ProcessFailed(Exception):
    """A part did not start or ended early; the text has the end of its log."""


@dataclass(frozen=True)
class Process:
    name: str
    directory: Path
    pid: int
    started: int
    """Clock ticks from boot to its start, as /proc has it."""
    child: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)
    """Only in the process that started it."""

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    def alive(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        return _start_time(self.pid) == self.started

    def stop(self, timeout: float = 15.0) -> None:
        """SIGTERM to the whole group, SIGKILL after `timeout` seconds. Harmless when it has ended."""
        if self.alive():
            _signal_group(self.pid, signal.SIGTERM)
            if not _wait(lambda: not self.alive(), timeout):
                _signal_group(self.pid, signal.SIGKILL)
                _wait(lambda: not self.alive(), 5)
            # What the leader left behind in its group goes too.
            _signal_group(self.pid, signal.SIGKILL)
        _record(self.directory, self.name).unlink(missing_ok=True)


def start(
    directory: Path,
    name: str,
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Process:
    """Starts argv in a new session and records it. Raises ProcessFailed when there is no such program."""
    record = _record(directory, name)
    with (directory / f"{name}.log").open("wb") as log, interrupts_wait():
        try:
            child = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            raise ProcessFailed(f"{name}: {argv[0]} could not be started: {error.strerror}") from error
        process = Process(name, directory, child.pid, _start_time(child.pid) or 0, child)
        _write_whole(record, json.dumps({"pid": process.pid, "started": process.started}))
    return process


def find(directory: Path, name: str) -> Process | None:
    """The recorded process, when it is still the one that runs under that pid."""
    try:
        record = json.loads(_record(directory, name).read_text())
        process = Process(name, directory, int(record["pid"]), int(record["started"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return process if process.alive() else None


def find_all(directory: Path) -> list[Process]:
    found = (find(directory, record.stem) for record in sorted(directory.glob("*.pid")))
    return [process for process in found if process is not None]


def stop(directory: Path, name: str, timeout: float = 15.0) -> bool:
    """Stops the recorded process (see Process.stop). True when it ran."""
    process = find(directory, name)
    if process is None:
        _record(directory, name).unlink(missing_ok=True)
        return False
    process.stop(timeout)
    return True


def wait_until(ready: Callable[[], bool], process: Process, what: str, timeout: float = 60.0) -> None:
    """Polls `ready` until it is true; ProcessFailed when the process ends first or `timeout` seconds have passed."""
    ended = False

    def done() -> bool:
        nonlocal ended
        ended = not process.alive()
        return ended or ready()

    if not _wait(done, timeout):
        raise ProcessFailed(f"{process.name}: not {what} after {timeout:.0f} s. {tail(process.log)}")
    if ended:
        raise ProcessFailed(f"{process.name}: ended before it was {what}. {tail(process.log)}")


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The end of a log, to be put into an error."""
    try:
        text = log.read_text(errors="replace").rstrip()
    except FileNotFoundError:
        return f"There is no {log}."
    return f"The end of {log}:\n" + "\n".join(text.splitlines()[-lines:])


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time; the lock goes with its holder, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def interrupts_wait() -> Iterator[None]:
    """Holds SIGINT and SIGTERM back: from starting a process until its record is written, and while taking down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {signum: signal.signal(signum, lambda number, frame: held.append((number, frame))) for signum in signals}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
    for number, _ in held:
        signal.raise_signal(number)


def _record(directory: Path, name: str) -> Path:
    return directory / f"{name}.pid"


def _write_whole(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def _start_time(pid: int) -> int | None:
    """Clock ticks from boot to the process's start; None when it has ended, waited for or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def _signal_group(pid: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signum)


def _wait(condition: Callable[[], bool], timeout: float) -> bool:
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
