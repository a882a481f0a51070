"""Instances as containers, through the docker command line."""

from __future__ import annotations

import csv
import io
import json
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.engine import docker_cli
from local.engine.base import Engine, EngineError, Instance, PullError
from local.registry.login import RegistryAuth
from local.state import state_id

STATE_LABEL = "whisper-sagemaker.state"
PULL_SECONDS = 600


def _bind_mount(source: Path, target: str) -> str:
    """A --mount value: it is one line of CSV, so a path with a comma or a quote must be quoted as CSV does."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["type=bind", f"source={source}", f"target={target}", "readonly"])
    return line.getvalue()


class DockerInstance(Instance):
    def __init__(self, container: str, port: int, host: str | None) -> None:
        self.id = container
        self.port = port
        self._host = host

    def alive(self) -> bool:
        return self._inspect("{{.State.Status}}") == "running"

    def exit_code(self) -> int | None:
        status, _, code = self._inspect("{{.State.Status}} {{.State.ExitCode}}").partition(" ")
        return int(code) if status in ("exited", "dead") else None

    def logs(self, lines: int = 200) -> str:
        answer = docker_cli.call(["logs", "--tail", str(lines), self.id], host=self._host)
        return answer.stdout + answer.stderr

    def stop(self, timeout: float = 30.0) -> None:
        grace = str(max(0, round(timeout)))
        docker_cli.call(["stop", "-t", grace, self.id], host=self._host, timeout=timeout + docker_cli.CALL_SECONDS)
        docker_cli.call(["rm", "--force", "--volumes", self.id], host=self._host)

    def _inspect(self, template: str) -> str:
        return docker_cli.call(["inspect", "--format", template, self.id], host=self._host).stdout.strip()


class DockerEngine(Engine):
    kind = "docker"

    def __init__(self, state: Path, host: str | None = None) -> None:
        """`host` replaces DOCKER_HOST."""
        self._host = host
        self._id = state_id(state)

    def pull(self, image_uri: str, auth: RegistryAuth) -> None:
        registry = image_uri.partition("/")[0]
        # A login of its own in a folder of its own: the user's logins must neither help nor be changed.
        with tempfile.TemporaryDirectory(prefix="whisper-pull-") as folder:
            config = Path(folder) / "config.json"
            config.touch(mode=0o600)
            config.write_text(json.dumps({"auths": {registry: {"auth": auth.token}}}))
            args = ["pull", "--quiet", image_uri]
            answer = docker_cli.call(args, host=self._host, config=Path(folder), timeout=PULL_SECONDS)
        if answer.returncode != 0:
            raise PullError(f"{image_uri} could not be pulled: {answer.stderr.strip()}")

    def run(self, image_uri: str, env: Mapping[str, str], model_dir: Path | None, port: int) -> Instance:
        # Host networking: a private engine has no bridge, and the instance itself binds only the loopback address.
        settings = {**env, "SAGEMAKER_BIND_TO_PORT": str(port), "BIND_HOST": "127.0.0.1"}
        args = ["run", "--detach", "--pull", "never", "--network", "host", "--label", f"{STATE_LABEL}={self._id}"]
        args += ["--name", f"whisper-{self._id}-{secrets.token_hex(4)}"]
        for name, value in settings.items():
            args += ["--env", f"{name}={value}"]
        if model_dir is not None:
            args += ["--mount", _bind_mount(model_dir.resolve(), "/opt/ml/model")]
        started = docker_cli.call([*args, image_uri, "serve"], host=self._host)
        if started.returncode != 0:
            raise EngineError(f"{image_uri} could not be started: {started.stderr.strip()}")
        return DockerInstance(started.stdout.strip(), port, self._host)

    def stop_all(self) -> None:
        listed = ["ps", "--all", "--quiet", "--filter", f"label={STATE_LABEL}={self._id}"]
        containers = docker_cli.call(listed, host=self._host).stdout.split()
        if containers:
            docker_cli.call(["rm", "--force", "--volumes", *containers], host=self._host)
