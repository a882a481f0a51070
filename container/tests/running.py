"""Runs container/server.py as SageMaker does, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

CONTAINER = Path(__file__).resolve().parents[1]
# Far beyond what anything here takes: a limit that is reached means that it never happens.
LIMIT_SECONDS = 120.0


def free_port(candidates: Sequence[int] = (0,)) -> int:
    """The first of `candidates` that is free on 127.0.0.1; 0 lets the system choose."""
    for candidate in candidates:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", candidate))
            return probe.getsockname()[1]
    raise AssertionError("no port is free")


def wait_until(condition: Any, what: str) -> None:
    """Polls `condition` until it is true; fails after LIMIT_SECONDS saying `what` never came."""
    end = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {LIMIT_SECONDS:.0f} s"
        time.sleep(0.02)


class Server:
    """`weights` is served from a folder laid out as /opt/ml is. Used as a context manager."""

    def __init__(self, folder: Path, weights: Path | None, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / "log"
        self.temporary = folder / "tmp"
        self.home = folder / "home"
        for made in (self.temporary, self.home, folder / "ml"):
            made.mkdir(parents=True)
        if weights is not None:
            (folder / "ml" / "model").symlink_to(weights)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "SAGEMAKER_BASE_DIR": str(folder / "ml"),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "WHISPER_MODEL": "tiny.en",
            "WHISPER_MODEL_REVISION": "0123456789ab",
            "WHISPER_IMAGE": "fedcba987654",
            # Text of the library at this level must not reach the log either.
            "CT2_VERBOSE": "0",
            **environment,
        }

    def __enter__(self) -> Server:
        command = [os.environ["CONTAINER_PYTHON"], str(CONTAINER / "server.py"), "serve"]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def ping(self) -> int | None:
        """The status of GET /ping; None while nothing listens."""
        try:
            return httpx.get(f"{self.url}/ping", timeout=LIMIT_SECONDS).status_code
        except httpx.TransportError:
            return None

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.log_file.read_text(encoding="utf-8")
            return self.ping() == 200

        wait_until(ready, "a 200 of /ping")

    def invoke(self, body: Any, content_type: str | None = "audio/mpeg", **headers: str) -> httpx.Response:
        """Header names with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if content_type is not None:
            named["content-type"] = content_type
        return httpx.post(f"{self.url}/invocations", content=body, headers=named, timeout=10 * LIMIT_SECONDS)

    def with_options(self, body: bytes, options: dict[str, Any], **headers: str) -> httpx.Response:
        return self.invoke(body, X_Amzn_SageMaker_Custom_Attributes=json.dumps(options), **headers)

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_file.read_text(encoding="utf-8").splitlines()]

    def stop(self) -> int:
        """SIGTERM, as SageMaker does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=LIMIT_SECONDS)


def error_code(response: httpx.Response) -> str:
    """Of an error in the container's own shape, which it has to have."""
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert set(error) == {"code", "message"}
    assert "Traceback" not in response.text
    return error["code"]
