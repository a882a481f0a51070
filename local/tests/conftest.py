"""One local AWS for all tests that need one: the real server and registry, instances as processes (no Docker)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes, registry
from local.tests.aws_rig import Aws, Session

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The running server; stopped with everything that it started."""
    state = tmp_path_factory.mktemp("aws")
    try:
        store = registry.start(state)
        argv = [sys.executable, "-m", "local.server", "--port", "0", "--state", str(state)]
        argv += ["--registry", store.address, "--registry-password-file", str(store.password_file)]
        server = processes.start(state, "server", [*argv, "--engine", "process"], cwd=ROOT)
        ready = state / "server.json"
        processes.wait_until(ready.exists, server, "ready")
        yield Session.read(ready, server, store)
    finally:
        processes.stop(state, "server")
        processes.stop(state, registry.NAME)


@pytest.fixture
def aws(session: Session) -> Iterator[Aws]:
    """The session's AWS with names of this test's own; every switch is back where it was afterwards."""
    mine = Aws(session)
    try:
        yield mine
    finally:
        mine.reset()
