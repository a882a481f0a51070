"""AWS's own inference toolkit as the judge: it serves inference.py unchanged, packed as a model.tar.gz."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running import CONTAINER, LIMIT_SECONDS, Server, free_port, wait_until

CODE = ("inference.py", "TRANSCRIBER", "pipeline")


def pack(archive: Path, weights: Path) -> None:
    """The layout of the article and of SageMaker's documentation: weights at the top, code/ beside them."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for file in weights.iterdir():
            tar.add(file, file.name)
        for name in CODE:
            tar.add(CONTAINER / name, f"code/{name}", filter=_without_caches)


def _without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


@pytest.fixture(scope="module")
def toolkit(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the toolkit's server. It and its Java and worker processes are one process group."""
    folder = tmp_path_factory.mktemp("toolkit")
    pack(folder / "model.tar.gz", tiny)
    with tarfile.open(folder / "model.tar.gz") as tar:
        tar.extractall(folder / "ml" / "model", filter="data")
    (folder / "tmp").mkdir()
    python = Path(os.environ["TOOLKIT_PYTHON"])
    # The Java server refuses the ports from 32,767 on, which are the ones that Linux hands out.
    port = free_port(random.sample(range(10_000, 32_767), 100))
    environment = {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "TEMP": str(folder / "tmp"),
        "TMPDIR": str(folder / "tmp"),
        "SAGEMAKER_BASE_DIR": str(folder / "ml"),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        "SAGEMAKER_MODEL_SERVER_TIMEOUT": "600",
        "WHISPER_MODEL": "tiny.en",
    }
    script = str(Path(__file__).with_name("serve_toolkit.py"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), script, str(folder / "mms.properties")],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        # Its /ping says 200 before the model is loaded; this line of its log says when a worker has it.
        wait_until(lambda: b"Model model loaded io_fd" in (folder / "log").read_bytes(), "the toolkit's model")
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(url: str, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(url, content=body, headers=named, timeout=LIMIT_SECONDS)


def test_the_toolkit_writes_the_same_text_as_our_server(toolkit: str, server: Server, ask_not: bytes):
    headers = {"accept": "text/plain", "X_Amzn_SageMaker_Custom_Attributes": '{"temperature": 0}'}
    theirs = ask(toolkit, ask_not, content_type="audio/mpeg", **headers)
    ours = server.invoke(ask_not, **headers)
    assert theirs.status_code == ours.status_code == 200
    assert theirs.text == ours.text
    assert theirs.headers["content-type"] == ours.headers["content-type"]


def test_without_an_accept_header_it_gives_the_same_transcript(toolkit: str, server: Server, ask_not: bytes):
    attributes = {"X_Amzn_SageMaker_Custom_Attributes": '{"temperature": 0, "word_timestamps": true}'}
    theirs = ask(toolkit, ask_not, content_type="application/octet-stream", **attributes).json()
    ours = server.invoke(ask_not, "application/octet-stream", **attributes).json()
    for transcript in (theirs, ours):
        del transcript["timings"], transcript["model_revision"], transcript["image"]
    assert theirs == ours
    assert theirs["segments"][0]["words"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        (b"not audio", {"content_type": "audio/mpeg"}, 400, "not audio"),
        (b"audio", {"content_type": "text/csv"}, 415, "Content-Type must be"),
        (b"audio", {"content_type": "audio/mpeg", "accept": "image/png"}, 406, "Accept must allow"),
        (
            b"audio",
            {"content_type": "audio/mpeg", "X_Amzn_SageMaker_Custom_Attributes": '{"beam": 1}'},
            400,
            'unknown option "beam"',
        ),
    ],
)
def test_the_toolkit_gives_the_caller_s_mistakes_their_own_status(toolkit: str, body, headers, status, message):
    answer = ask(toolkit, body, **headers)
    assert answer.status_code == status
    assert message in answer.text.splitlines()[0]
