"""A Docker engine of our own, for a machine on which none runs. Needs root, and Debian's docker.io (dockerd).

Its data roots are slots of a pool in the cache, so image layers stay warm from run to run, and two runs at once get
two slots. No bridge and no iptables rules: builds and containers use the host's network.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local import processes
from local.engine import docker_cli, leftovers

RUN_DIR = Path("/run/whisper-sagemaker")
"""Sockets live here: a socket's path has 107 characters at most, and a cache folder's may be longer."""
SLOT_FILE = "docker-slot"
READY_SECONDS = 60


@dataclass(frozen=True)
class Slot:
    path: Path

    @property
    def run_dir(self) -> Path:
        """The same after a crash, so that the slot's next engine finds and ends what the last one left running."""
        return RUN_DIR / hashlib.sha256(str(self.path).encode()).hexdigest()[:12]

    @property
    def host(self) -> str:
        return f"unix://{self.run_dir}/docker.sock"

    def engine(self) -> processes.Process | None:
        return processes.find(self.path, "dockerd")


def missing() -> str | None:
    """Why no engine of our own can run here; None when one can."""
    if os.geteuid() != 0:
        return "a private Docker engine needs root"
    if shutil.which("dockerd") is None:
        return "there is no dockerd (Debian and Ubuntu: docker.io)"
    return None


def is_private(docker_host: str) -> bool:
    """Whether DOCKER_HOST names an engine that another `up` started and will stop."""
    return docker_host.startswith(f"unix://{RUN_DIR}/")


def claimed(state: Path) -> Slot | None:
    """The slot that belongs to this state folder, whether its engine runs or not."""
    try:
        return Slot(Path((state / SLOT_FILE).read_text()))
    except FileNotFoundError:
        return None


def start(pool: Path, state: Path) -> Slot:
    """Starts an engine on the first free slot. Raises processes.ProcessFailed when it doesn't come up."""
    with processes.locked(pool / "lock"):
        slot = next(slot for slot in _slots(pool) if _free(slot))
        slot.path.mkdir(parents=True, exist_ok=True)
        (slot.path / "owner").write_text(str(state))
        # Before the start: whatever happens from here on, `down` knows which engine to end.
        (state / SLOT_FILE).write_text(str(slot.path))
        _launch(slot)
    _wait_ready(slot)
    _remove_containers(slot)
    return slot


def running(state: Path) -> Slot | None:
    """The state's slot once its engine answers; None when it has none. Raises processes.ProcessFailed."""
    slot = claimed(state)
    if slot is None or _owner(slot) != state or slot.engine() is None:
        return None
    _wait_ready(slot)
    return slot


def stop(state: Path) -> None:
    """Ends the engine with its containers; images stay for the next run. Harmless when there is none."""
    slot = claimed(state)
    if slot is None:
        return
    # Under the lock, so that nobody takes the slot while its last traces are removed.
    with processes.locked(slot.path.parent / "lock"):
        # No owner: the cache was deleted under a running engine.
        if _owner(slot) in (state, None):
            _end(slot)
    (state / SLOT_FILE).unlink(missing_ok=True)


def _slots(pool: Path) -> Iterator[Slot]:
    return (Slot(pool / str(number)) for number in itertools.count())


def _owner(slot: Slot) -> Path | None:
    try:
        return Path((slot.path / "owner").read_text())
    except FileNotFoundError:
        return None


def _free(slot: Slot) -> bool:
    """Whether the slot can be taken. What a killed run left there is ended."""
    owner = _owner(slot)
    if slot.engine() is not None and owner is not None and claimed(owner) == slot:
        return False
    # No engine, or one whose state folder was deleted without `down`: nobody else will ever end what is left.
    _end(slot)
    return True


def _launch(slot: Slot) -> None:
    slot.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    pid_file = slot.run_dir / "docker.pid"
    # A pid file of a killed engine may name a process that has taken its pid since, and dockerd would refuse to start.
    pid_file.unlink(missing_ok=True)
    argv: list[str | Path] = ["dockerd", "--data-root", slot.path / "data", "--exec-root", slot.run_dir / "exec"]
    argv += ["--host", slot.host, "--pidfile", pid_file, "--bridge", "none", "--iptables=false", "--ip6tables=false"]
    processes.start(slot.path, "dockerd", argv)


def _end(slot: Slot) -> None:
    if slot.engine() is not None:
        with contextlib.suppress(processes.ProcessFailed, docker_cli.DockerError):
            _wait_ready(slot)
            _remove_containers(slot)
        processes.stop(slot.path, "dockerd")
    # Containers outlive an engine that was killed; the engine outlives a cache that was deleted.
    leftovers.end_containers(slot.run_dir)
    leftovers.unmount([slot.run_dir, slot.path])
    shutil.rmtree(slot.run_dir, ignore_errors=True)


def _wait_ready(slot: Slot) -> None:
    engine = slot.engine()
    if engine is None:
        raise processes.ProcessFailed(f"dockerd ended at once. {processes.tail(slot.path / 'dockerd.log')}")

    def answers() -> bool:
        return docker_cli.call(["version"], host=slot.host).returncode == 0

    processes.wait_until(answers, engine, "ready", READY_SECONDS)


def _remove_containers(slot: Slot) -> None:
    containers = docker_cli.call(["ps", "--all", "--quiet"], host=slot.host).stdout.split()
    if containers:
        docker_cli.call(["rm", "--force", "--volumes", *containers], host=slot.host)
