"""The instant image's program: the container's contract and each behaviour that tests rely on."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator

import pytest

from local.paths import INSTANT_FOLDER
from local.tests.up_rig import http_status, wait_for

PROGRAM = [sys.executable, str(INSTANT_FOLDER / "server.py"), "serve"]


@contextlib.contextmanager
def instant(**env: str) -> Iterator[str]:
    settings = {"SAGEMAKER_BIND_TO_PORT": "0", "BIND_HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1", **env}
    process = subprocess.Popen(PROGRAM, env=settings, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"listening on (\S+)", process.stdout.readline())
        assert found is not None
        yield f"http://{found[1]}"
    finally:
        process.terminate()
        assert process.wait(20) == 0, "SIGTERM must end it well"


def invoke(url: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    return http_status(f"{url}/invocations", body, **{"Content_Type": "audio/mpeg", **headers})


def test_a_transcript_derives_from_the_request_and_the_model_environment() -> None:
    with instant(WHISPER_MODEL="base", WHISPER_IMAGE="abc", WHISPER_TRANSCRIBER="1") as url:
        attributes = json.dumps({"language": "fr", "task": "translate", "word_timestamps": True})
        status, body = invoke(url, b"x" * 32_000, X_Amzn_SageMaker_Custom_Attributes=attributes)
        other = json.loads(invoke(url, b"y" * 32_000)[1])
        text = invoke(url, b"x" * 32_000, Accept="text/plain")[1].decode()
    transcript = json.loads(body)
    assert status == 200
    assert (transcript["model"], transcript["image"], transcript["transcriber"]) == ("base", "abc", "1")
    assert (transcript["language"], transcript["task"], transcript["duration"]) == ("fr", "translate", 2.0)
    [segment] = transcript["segments"]
    assert [word["word"] for word in segment["words"]] == segment["text"].split()
    assert other["segments"][0]["text"] != segment["text"], "another audio, another text"
    assert text == segment["text"] + "\n"


def test_options_may_come_deflated() -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(json.dumps({"language": "ja", "prompt": "語" * 250}).encode()) + packer.flush()
    header = base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    with instant() as url:
        status, body = invoke(url, b"audio", X_Amzn_SageMaker_Custom_Attributes=header)
    assert (status, json.loads(body)["language"]) == (200, "ja")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "empty_body"),
        (b"a", {"Content_Type": "text/html"}, 415, "unsupported_content_type"),
        (b"a", {"Accept": "image/png"}, 406, "unsupported_accept"),
        (b"a", {"X_Amzn_SageMaker_Custom_Attributes": '{"colour":"red"}'}, 400, "bad_options"),
        (b"a", {"X_Amzn_SageMaker_Custom_Attributes": '{"beam_size":"5"}'}, 400, "bad_options"),
        (b"a", {"X_Amzn_SageMaker_Custom_Attributes": '{"beam_size":true}'}, 400, "bad_options"),
        (b"a", {"X_Amzn_SageMaker_Custom_Attributes": "[]"}, 400, "bad_options"),
        (b"a", {"X_Amzn_SageMaker_Custom_Attributes": "not base64!"}, 400, "bad_options"),
        (b"fail:503\n", {}, 503, "internal"),
        (b"fail:400", {}, 400, "bad_audio"),
    ],
)
def test_refusals(body: bytes, headers: dict[str, str], status: int, code: str) -> None:
    with instant() as url:
        got, answer = invoke(url, body, **headers)
    assert (got, json.loads(answer)["error"]["code"]) == (status, code)


def test_a_body_can_ask_for_time() -> None:
    with instant() as url:
        started = time.monotonic()
        assert invoke(url, b"sleep:0.5\n" + b"x" * 1000)[0] == 200
        assert time.monotonic() - started >= 0.5


def test_modes() -> None:
    with instant(INSTANT_MODE="never-healthy") as url:
        assert http_status(f"{url}/ping")[0] == 503
    with instant(INSTANT_MODE="fail:507") as url:
        assert http_status(f"{url}/ping")[0] == 200
        assert invoke(url, b"x")[0] == 507
    with instant(INSTANT_MODE="slow:0.4") as url:
        started = time.monotonic()
        assert invoke(url, b"x")[0] == 200
        assert time.monotonic() - started >= 0.4
    crashed = subprocess.run(PROGRAM, env={"INSTANT_MODE": "crash-at-start"}, capture_output=True, timeout=60)
    assert crashed.returncode == 1


def test_sigterm_ends_a_request_that_sleeps() -> None:
    statuses: list[int] = []
    with instant() as url:
        request = threading.Thread(target=lambda: statuses.append(invoke(url, b"sleep:300")[0]))
        request.start()
        wait_for(lambda: http_status(f"{url}/ping")[0] == 200, "healthy")
        time.sleep(0.2)
    request.join(60)
    assert not request.is_alive()
