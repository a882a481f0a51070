"""Which implementation of Engine a name stands for."""

from __future__ import annotations

from pathlib import Path

from local.engine.base import Engine
from local.engine.docker import DockerEngine
from local.engine.process import ProcessEngine


def open_engine(kind: str, state: Path) -> Engine:
    """The engine for one state folder. `docker` uses DOCKER_HOST or the CLI's default; kind comes from `--engine`."""
    if kind == "docker":
        return DockerEngine(state)
    if kind == "process":
        return ProcessEngine(state)
    raise ValueError(f"engine {kind!r} is unknown; use docker or process")
