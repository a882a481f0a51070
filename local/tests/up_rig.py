"""`script/aws` as its users run it, and what a leak would look like."""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.paths import REPOSITORY_ROOT

PATIENCE = 120
"""Seconds; for a condition that comes in one or two on an idle machine."""


def script_aws(command: str, state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [str(REPOSITORY_ROOT / "script" / "aws"), command, "--state", str(state), *options]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900)


def exported(output: str) -> dict[str, str]:
    """What `eval` of up's standard output would export; fails on any other line."""
    pairs = {}
    for line in output.splitlines():
        word, assignment = shlex.split(line)
        assert word == "export"
        name, _, value = assignment.partition("=")
        pairs[name] = value
    return pairs


@contextlib.contextmanager
def running(state: Path) -> Iterator[dict[str, str]]:
    """A local AWS for the time of the block; yields what it exports."""
    up = script_aws("up", state)
    assert up.returncode == 0, up.stderr
    try:
        yield exported(up.stdout)
    finally:
        down = script_aws("down", state)
        assert down.returncode == 0, down.stderr


def need_docker(env: dict[str, str]) -> None:
    if env["WHISPER_ENGINE"] != "docker":
        pytest.skip("no Docker engine can run on this machine (script/aws up says why)")


def processes_with(text: str) -> list[str]:
    """Command lines of the running processes that name `text`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line:
                found.append(line)
    return found


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not {what} after {PATIENCE} s"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def http_status(url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Status and body; 0 when nobody answers. Header names are given with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
