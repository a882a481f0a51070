"""`script/aws status`: each part, and whether it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local import processes, state
from local.engine import docker_cli
from local.registry import docker_registry


@dataclass(frozen=True)
class Part:
    name: str
    running: bool
    detail: str


def parts(folder: Path, found: state.State) -> list[Part]:
    store = processes.find(folder, docker_registry.NAME)
    server = processes.find(folder, "server")
    return [
        Part("engine", _engine_answers(found), found.engine_note or "not chosen yet"),
        Part("registry", store is not None, found.registry or "not started"),
        Part("server", server is not None, found.env.get("AWS_ENDPOINT_URL", "not started")),
    ]


def is_whole(folder: Path, found: state.State) -> bool:
    return bool(found.env) and all(part.running for part in parts(folder, found))


def _engine_answers(found: state.State) -> bool:
    if found.engine == "process":
        return True
    if not found.docker_host:
        return False
    try:
        return docker_cli.call(["version"], host=found.docker_host, timeout=10).returncode == 0
    except docker_cli.DockerError:
        return False
