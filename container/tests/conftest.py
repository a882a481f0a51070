"""What the container's tests share. script/test.d/container sets the environment that they read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "container"))

from running import Server  # noqa: E402

SPEECH = ROOT / "examples" / "speech"


@pytest.fixture(scope="session")
def clip() -> bytes:
    """2.8 s of speech as MP3: "Ask what you can do for your country."."""
    return (ROOT / "assets" / "clip.mp3").read_bytes()


@pytest.fixture(scope="session")
def ask_not() -> bytes:
    """11 s of speech as MP3."""
    return (SPEECH / "ask-not.mp3").read_bytes()


@pytest.fixture(scope="session")
def tiny() -> Path:
    """Weights of tiny.en: English only, the fastest."""
    return Path(os.environ["TINY_WEIGHTS"])


@pytest.fixture(scope="session")
def base() -> Path:
    """Weights of base: all languages."""
    return Path(os.environ["BASE_WEIGHTS"])


@pytest.fixture(scope="session")
def server(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests share; one that is to be stopped or filled up starts its own."""
    with Server(tmp_path_factory.mktemp("server"), tiny) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def own_server(tiny: Path, tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, tiny) as running:
        yield running
