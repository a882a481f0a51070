"""Instances as containers, through the docker command line (argument lists only, no shell)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.engine import Engine, EngineError, Instance, PullError, RegistryAuth

STATE_LABEL = "whisper-sagemaker.state"
PULL_SECONDS = 600
CALL_SECONDS = 120


def state_id(state: Path) -> str:
    """12 hex digits that tell one state folder's containers from another's, also after a crash."""
    return hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]


def docker(
    args: Sequence[str], *, config: Path | None = None, timeout: float = CALL_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Runs the docker command line; the caller looks at returncode. `config` replaces the user's DOCKER_CONFIG."""
    env = dict(os.environ)
    if config is not None:
        env["DOCKER_CONFIG"] = str(config)
    try:
        return subprocess.run(
            ["docker", *args], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"docker {args[0]} gave no answer in {timeout:.0f} s") from error


def _bind_mount(source: Path, target: str) -> str:
    """A --mount value: it is one line of CSV, so a path with a comma or a quote must be quoted as CSV does."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["type=bind", f"source={source}", f"target={target}", "readonly"])
    return line.getvalue()


class DockerInstance(Instance):
    def __init__(self, container: str, port: int) -> None:
        self.id = container
        self.port = port

    def alive(self) -> bool:
        return self._state() == "running"

    def exit_code(self) -> int | None:
        answer = docker(["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", self.id])
        status, _, code = answer.stdout.strip().partition(" ")
        return int(code) if status in ("exited", "dead") else None

    def logs(self, lines: int = 200) -> str:
        answer = docker(["logs", "--tail", str(lines), self.id])
        return answer.stdout + answer.stderr

    def stop(self, timeout: float = 30.0) -> None:
        docker(["stop", "--time", str(max(0, round(timeout))), self.id], timeout=timeout + CALL_SECONDS)
        docker(["rm", "--force", "--volumes", self.id])

    def _state(self) -> str:
        return docker(["inspect", "--format", "{{.State.Status}}", self.id]).stdout.strip()


class DockerEngine(Engine):
    kind = "docker"

    def __init__(self, state: Path) -> None:
        self._label = f"{STATE_LABEL}={state_id(state)}"

    def pull(self, image_uri: str, auth: RegistryAuth) -> None:
        registry = image_uri.partition("/")[0]
        token = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        # A login of its own in a folder of its own: the user's logins must neither help nor be changed.
        with tempfile.TemporaryDirectory(prefix="whisper-pull-") as folder:
            config = Path(folder) / "config.json"
            config.touch(mode=0o600)
            config.write_text(json.dumps({"auths": {registry: {"auth": token}}}))
            answer = docker(["pull", "--quiet", image_uri], config=Path(folder), timeout=PULL_SECONDS)
        if answer.returncode != 0:
            raise PullError(f"{image_uri} could not be pulled: {answer.stderr.strip()}")

    def run(self, image_uri: str, env: Mapping[str, str], model_dir: Path | None, port: int) -> Instance:
        # Host networking: a private engine has no bridge, and the instance itself binds only the loopback address.
        settings = {**env, "SAGEMAKER_BIND_TO_PORT": str(port), "BIND_HOST": "127.0.0.1"}
        args = ["run", "--detach", "--pull", "never", "--network", "host", "--label", self._label]
        args += ["--name", f"whisper-{self._label[-12:]}-{secrets.token_hex(4)}"]
        for name, value in settings.items():
            args += ["--env", f"{name}={value}"]
        if model_dir is not None:
            args += ["--mount", _bind_mount(model_dir.resolve(), "/opt/ml/model")]
        answer = docker([*args, image_uri, "serve"])
        if answer.returncode != 0:
            raise EngineError(f"{image_uri} could not be started: {answer.stderr.strip()}")
        return DockerInstance(answer.stdout.strip(), port)

    def stop_all(self) -> None:
        containers = docker(["ps", "--all", "--quiet", "--filter", f"label={self._label}"]).stdout.split()
        if containers:
            docker(["rm", "--force", "--volumes", *containers])
