"""`script/aws down`: ends all that belongs to one state folder, whatever state a crash left it in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from local import dockerd, images, processes, registry, state
from local.docker_engine import DockerEngine
from local.process_engine import ProcessEngine


def down(folder: Path, say: Callable[[str], None]) -> None:
    """Harmless when nothing runs."""
    with processes.locked(state.lock_file(folder)):
        if state.read(folder) is None:
            say(f"nothing is running in {folder}")
            return
        take_down(folder, say)
        say("stopped")


def take_down(folder: Path, say: Callable[[str], None]) -> None:
    """Ends it all and removes the folder. The caller holds the folder's lock."""
    found = state.read(folder) or state.State()
    # The server first: it is the one that starts instances.
    processes.stop(folder, "server")
    ProcessEngine(folder).stop_all()
    private = dockerd.claimed(folder)
    if private is not None:
        _clean(private.host, folder, found, keep=True)
    elif found.docker_host:
        _clean(found.docker_host, folder, found, keep=False)
    processes.stop(folder, registry.NAME)
    dockerd.stop(folder)
    if folder.exists():
        state.remove(folder)


def _clean(docker_host: str, folder: Path, found: state.State, *, keep: bool) -> None:
    DockerEngine(folder, docker_host).stop_all()
    if found.registry:
        images.forget_registry(docker_host, found.registry, keep=keep)
    if keep:
        images.drop_old(docker_host)
