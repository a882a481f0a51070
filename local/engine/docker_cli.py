"""The docker command line: argument lists only, no shell, nothing from the terminal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from local.engine.base import EngineError

CALL_SECONDS = 120


class DockerError(EngineError):
    """docker did not do what was asked; the text has what it said."""


def call(
    args: Sequence[str | Path], *, host: str | None = None, config: Path | None = None, timeout: float = CALL_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Runs docker; the caller looks at returncode. `host` and `config` replace DOCKER_HOST and DOCKER_CONFIG."""
    env = dict(os.environ)
    if host is not None:
        env["DOCKER_HOST"] = host
    if config is not None:
        env["DOCKER_CONFIG"] = str(config)
    argv = ["docker", *map(str, args)]
    try:
        # A session of its own: Ctrl-C is for us to handle, and while taking down docker must go on.
        return subprocess.run(
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise DockerError(f"docker {args[0]} gave no answer in {timeout:.0f} s") from error
    except FileNotFoundError as error:
        raise DockerError("there is no docker command on PATH (Debian and Ubuntu: docker.io)") from error


def check(args: Sequence[str | Path], *, host: str | None = None, timeout: float = CALL_SECONDS) -> str:
    """Runs docker and returns its stdout. Raises DockerError with its stderr when it fails."""
    answer = call(args, host=host, timeout=timeout)
    if answer.returncode != 0:
        raise DockerError(f"docker {args[0]} failed: {answer.stderr.strip()}")
    return answer.stdout.strip()
