"""Node programs and the small servers they talk to."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.paths import REPOSITORY_ROOT


def node(program: str, *args: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Runs a program of this folder; the JSON on its last line."""
    binary = os.environ.get("NODE") or shutil.which("node")
    if binary is None or not (REPOSITORY_ROOT / "node_modules").exists():
        pytest.skip("there is no Node.js with the npm packages; script/test.d/local installs them")
    argv = [binary, str(Path(__file__).parent / program), *args]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, env={**os.environ, **(env or {})})
    assert done.returncode == 0, done.stdout + done.stderr
    parsed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return parsed


@contextlib.contextmanager
def serving(module: str, *args: str, lines: int = 1) -> Iterator[list[str]]:
    """`python -m local.<module>` for the time of the block; yields what it printed when it was ready."""
    argv = [sys.executable, "-m", f"local.{module}", *args]
    process = subprocess.Popen(argv, cwd=REPOSITORY_ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield [process.stdout.readline().strip() for _ in range(lines)]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, "SIGTERM must end it well"
