"""What is left of a Docker engine that was killed, or of which the records were deleted: processes and mounts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

PROGRAMS = ("dockerd", "containerd", "containerd-shim-runc-v2")


def end_containers(run_dir: Path) -> None:
    """Kills this engine (its sockets are in `run_dir`) with its containerd, its shims and all that they started."""
    for pid in _engine_processes(run_dir):
        # From the leaves up: the child of a killed shim would be nobody's, and not be found again.
        for child in [*reversed(_descendants(pid)), pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def unmount(folders: Iterable[Path]) -> None:
    """Detaches every mount below these folders."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    # The fifth field is the mount point, with spaces and the like in octal (proc(5)).
    points = [line.split(" ")[4].encode().decode("unicode_escape") for line in lines]
    for point in reversed([point for point in points if point.startswith(prefixes)]):
        subprocess.run(["umount", "--lazy", "--", point], stdin=subprocess.DEVNULL, capture_output=True)


def _engine_processes(run_dir: Path) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace").split("\0")
            if Path(words[0]).name in PROGRAMS and any(
                word.removeprefix("unix://").startswith(f"{run_dir}/") for word in words
            ):
                found.append(int(path.parent.name))
    return sorted(found)


def _descendants(pid: int) -> list[int]:
    """Children before grandchildren."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = list(children.get(pid, []))
    for child in found:
        found += children.get(child, [])
    return found
