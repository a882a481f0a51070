"""One local AWS for all tests that need one: the real server and registry, instances as processes (no Docker)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.tests.aws.aws_rig import Aws, Session, running


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The running server; stopped with everything that it started."""
    with running(tmp_path_factory.mktemp("aws")) as started:
        yield started


@pytest.fixture
def aws(session: Session) -> Iterator[Aws]:
    """The session's AWS with names of this test's own; every switch is back where it was afterwards."""
    mine = Aws(session)
    try:
        yield mine
    finally:
        mine.reset()
