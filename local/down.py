"""`script/aws down`: ends all that belongs to one state folder, whatever state a crash left it in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from local import processes, state
from local.engine import dockerd, images
from local.engine.base import EngineError
from local.engine.docker import DockerEngine
from local.engine.process import ProcessEngine
from local.registry import docker_registry


def down(folder: Path, say: Callable[[str], None]) -> None:
    """Harmless when nothing runs."""
    with processes.locked(state.lock_file(folder)):
        if state.read(folder) is None:
            say(f"nothing is running in {folder}")
            return
        take_down(folder, say)
        say("stopped")


def take_down(folder: Path, say: Callable[[str], None]) -> None:
    """Ends it all and removes the folder. The caller holds the folder's lock; a signal has to wait for the end."""
    found = state.read(folder) or state.State()
    with processes.interrupts_wait():
        # The server first: it is the one that starts instances.
        processes.stop(folder, "server")
        ProcessEngine(folder).stop_all()
        try:
            _clean_engine(folder, found)
        except (EngineError, processes.ProcessFailed) as error:
            # The rest has to end all the same.
            say(f"cleaning up the Docker engine: {error}")
        processes.stop(folder, docker_registry.NAME)
        docker_registry.stop_others(folder)
        dockerd.stop(folder)
        if folder.exists():
            state.remove(folder)


def _clean_engine(folder: Path, found: state.State) -> None:
    private = dockerd.running(folder)
    if private is None and (not found.docker_host or dockerd.is_private(found.docker_host)):
        return
    host = found.docker_host if private is None else private.host
    DockerEngine(folder, host).stop_all()
    for address in filter(None, (found.ecr, found.registry, *docker_registry.noted_addresses(folder))):
        images.forget_registry(host, address, keep=private is not None)
    if private is not None:
        images.drop_old(host)
