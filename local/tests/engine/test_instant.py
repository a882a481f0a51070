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

from local.paths import CONTAINER_FOLDER, INSTANT_FOLDER
from local.tests.up_rig import http_status, wait_for

sys.path.insert(0, str(CONTAINER_FOLDER))

from pipeline import media, options
from pipeline.errors import RequestError

PROGRAM = [sys.executable, str(INSTANT_FOLDER / "server.py"), "serve"]
FINDS_CODE = {"PYTHONPATH": str(CONTAINER_FOLDER)}


@contextlib.contextmanager
def instant(**env: str) -> Iterator[str]:
    settings = {"SAGEMAKER_BIND_TO_PORT": "0", "BIND_HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1", **FINDS_CODE, **env}
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


def test_split_channels_have_a_speaker_each() -> None:
    attributes = json.dumps({"channels": "split", "word_timestamps": True})
    with instant() as url:
        split = json.loads(invoke(url, b"x" * 32_000, X_Amzn_SageMaker_Custom_Attributes=attributes)[1])
        mixed = json.loads(invoke(url, b"x" * 32_000)[1])
    segments = [(s["speaker"], s["start"], s["end"], s["words"][0]["start"]) for s in split["segments"]]
    assert segments == [("1", 0.0, 1.0, 0.0), ("2", 1.0, 2.0, 1.0)]
    assert "speaker" not in mixed["segments"][0]
    assert split["timings"].keys() == {"decode", "inference", "total"}


GOOD_TYPES = ("audio/mpeg", "Audio/WAV; rate=8000", "video/mp4", "application/octet-stream")
BAD_TYPES = ("text/html", "video/webm", "")
ACCEPTS = ("", "*/*", "text/plain", "text/*;q=0.5, application/json", "image/png", "application/json;q=0")
ATTRIBUTES = (
    "",
    "{}",
    '{"channels":"split"}',
    '{"channels":"Split"}',
    '{"channels":1}',
    '{"channels":null}',
    '{"colour":"red"}',
    '{"beam_size":"5"}',
    '{"beam_size":true}',
    '{"beam_size":11}',
    '{"task":"summarise"}',
    '{"vad":"false"}',
    '{"word_timestamps":1}',
    '{"temperature":1.5}',
    '{"language":7}',
    '{"prompt":["a"]}',
    "[]",
    "{",
    "not base64!",
)


def test_it_refuses_what_the_container_refuses_and_nothing_else() -> None:
    """The container's own functions are the judges."""

    def judged(content_type: str, accept: str, attributes: str) -> tuple[int, str | None]:
        try:
            media.check_content_type(content_type)
            media.negotiate(accept)
            options.parse(attributes)
        except RequestError as error:
            return error.status_code, error.code
        return 200, None

    requests = [(content_type, "", "") for content_type in (*GOOD_TYPES, *BAD_TYPES)]
    requests += [("audio/mpeg", accept, "") for accept in ACCEPTS]
    requests += [("audio/mpeg", "", attributes) for attributes in ATTRIBUTES]
    judgements = [judged(*request) for request in requests]
    assert {status for status, _ in judgements} == {200, 400, 406, 415}
    with instant() as url:
        for (content_type, accept, attributes), judgement in zip(requests, judgements, strict=True):
            headers = {"Accept": accept, "X_Amzn_SageMaker_Custom_Attributes": attributes}
            status, body = invoke(url, b"a", Content_Type=content_type, **headers)
            code = None if status == 200 else json.loads(body)["error"]["code"]
            assert (status, code) == judgement, (content_type, accept, attributes)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"", 400, "empty_body"), (b"fail:503\n", 503, "internal"), (b"fail:400", 400, "bad_audio")],
)
def test_refusals(body: bytes, status: int, code: str) -> None:
    with instant() as url:
        got, answer = invoke(url, body)
    assert (got, json.loads(answer)["error"]["code"]) == (status, code)


def test_a_behaviour_can_be_for_the_first_times_only() -> None:
    with instant() as url:
        statuses = [invoke(url, b"fail:500 x2\naudio")[0] for _ in range(3)]
    assert statuses == [500, 500, 200]


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
    crashed = subprocess.run(
        PROGRAM, env={"INSTANT_MODE": "crash-at-start", **FINDS_CODE}, capture_output=True, timeout=60
    )
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
