"""The image itself: built, looked into and run as SageMaker does. Needs a Docker engine and a base image."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running import CONTAINER, LIMIT_SECONDS, free_port, wait_until

BUILD_SECONDS = 1800
BASE = os.environ.get("WHISPER_BASE_IMAGE")
# cpu.txt on top of the base, in MB; more means that something came in that nobody asked for.
MOST_MEGABYTES = 450

pytestmark = pytest.mark.skipif(not BASE, reason="the image: no Docker engine answers here (see script/aws status)")


def docker(*arguments: str, check: bool = True, seconds: float = LIMIT_SECONDS) -> str:
    ended = subprocess.run(
        ["docker", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds
    )
    assert ended.returncode == 0 or not check, ended.stdout[-3000:]
    return ended.stdout.strip()


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """The cpu flavour, built without BuildKit, which every engine can."""
    name = f"whisper-sagemaker-test:{secrets.token_hex(6)}"
    arguments = ["--build-arg", f"BASE_IMAGE={BASE}", "--build-arg", "FLAVOUR=cpu", "--platform", "linux/amd64"]
    docker("build", "--network", "host", *arguments, "--tag", name, str(CONTAINER), seconds=BUILD_SECONDS)
    yield name
    docker("rmi", "--force", name)


class Container:
    def __init__(self, image: str, weights: Path | None) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        mount = ["--mount", f"type=bind,source={weights},target=/opt/ml/model,readonly"] if weights else []
        environment = ["--env", f"SAGEMAKER_BIND_TO_PORT={port}", "--env", "BIND_HOST=127.0.0.1"]
        self.id = docker("run", "--detach", "--network", "host", *environment, *mount, image, "serve")

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        docker("rm", "--force", "--volumes", self.id)

    def state(self) -> dict:
        return json.loads(docker("inspect", "--format", "{{json .State}}", self.id))

    def ready(self) -> bool:
        assert self.state()["Running"], docker("logs", self.id)
        try:
            return httpx.get(f"{self.url}/ping", timeout=LIMIT_SECONDS).status_code == 200
        except httpx.TransportError:
            return False


def test_it_serves_read_only_weights_and_stops_with_0(image, tiny, clip):
    with Container(image, tiny) as container:
        wait_until(container.ready, "a 200 of /ping")
        headers = {"content-type": "audio/mpeg", "accept": "text/plain"}
        answer = httpx.post(f"{container.url}/invocations", content=clip, headers=headers, timeout=LIMIT_SECONDS)
        assert "what you can do for your country" in answer.text
        docker("stop", "--time", "30", container.id)
        assert container.state()["ExitCode"] == 0
        # Python's caches of the modules that it read are all that a run may leave.
        added = [line[2:] for line in docker("diff", container.id).splitlines() if line.startswith("A ")]
        left = [path for path in added if not path.endswith((".pyc", "__pycache__")) and not path.startswith("/opt/ml")]
        assert left == []


def test_without_weights_it_ends_at_once_and_says_why(image):
    with Container(image, None) as container:
        wait_until(lambda: not container.state()["Running"], "the end of a container without weights")
        assert container.state()["ExitCode"] == 1
        assert "/opt/ml/model has no model.bin" in docker("logs", container.id)


@pytest.fixture(scope="module")
def files(image) -> list[str]:
    return docker("run", "--rm", "--entrypoint", "find", image, "/", "-xdev", "-not", "-path", "/proc/*").splitlines()


def test_it_holds_no_torch_no_cudnn_no_ffmpeg_and_no_pip(files):
    inside = [path for path in files if path.startswith("/opt/venv/") and path.endswith(".dist-info")]
    packages = {Path(path).name.split("-")[0].lower() for path in inside}
    assert "faster_whisper" in packages
    assert not {"torch", "nvidia_cudnn_cu12", "pip", "setuptools", "pytest"} & packages
    names = {Path(path).name for path in files}
    assert "ffmpeg" not in names
    assert not [name for name in names if name.startswith(("libcudnn", "libtorch", "libcublas"))]


def test_it_holds_the_program_and_nothing_else_of_the_repository(files):
    program = {path.removeprefix("/opt/program/") for path in files if path.startswith("/opt/program/")}
    expected = {"TRANSCRIBER", "inference.py", "server.py", "pipeline", "serving"}
    for folder in ("pipeline", "serving"):
        expected |= {str(path.relative_to(CONTAINER)) for path in (CONTAINER / folder).glob("*.py")}
    assert program == expected


def test_the_build_leaves_no_cache_no_secret_and_no_telemetry_behind(files, image):
    home = "/root"  # Of the user that the build runs as.
    folders = (f"{home}/.cache/", f"{home}/.pip", f"{home}/.config/", "/tmp/", "/run/secrets/", "/etc/pip.conf")
    assert [path for path in files if path.startswith(folders)] == []
    config = json.loads(docker("inspect", "--format", "{{json .Config}}", image))
    variables = [variable.partition("=")[0] for variable in config["Env"]]
    assert not [name for name in variables if any(word in name for word in ("TOKEN", "SECRET", "PASSWORD", "INDEX"))]
    assert "ORT_DISABLE_TELEMETRY=1" in config["Env"]
    assert "HF_HUB_OFFLINE=1" in config["Env"]


def test_the_entry_point_is_in_exec_form_so_that_signals_reach_the_program(image):
    config = json.loads(docker("inspect", "--format", "{{json .Config}}", image))
    assert config["Entrypoint"] == ["/opt/venv/bin/python", "/opt/program/server.py"]
    assert config["Cmd"] == ["serve"]


def test_it_is_small(image):
    size, base = (int(docker("inspect", "--format", "{{.Size}}", name)) for name in (image, BASE))
    assert (size - base) / 1e6 < MOST_MEGABYTES
