"""`script/aws up`: engine, registry, server, images; then the environment that a client needs."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from local import processes, state
from local.down import take_down
from local.engine import base_image, docker_cli, dockerd, images, stand_ins
from local.paths import REPOSITORY_ROOT, cache_dir
from local.registry import docker_registry
from local.registry.login import USERNAME, RegistryAuth
from local.status import is_whole

REGION = "us-east-1"
SERVER_READY_SECONDS = 60
Say = Callable[[str], None]


def up(folder: Path, say: Say) -> dict[str, str]:
    """Starts what is not running and returns the environment. When it fails or is interrupted, all of it is gone."""
    with processes.locked(state.lock_file(folder)):
        found = state.read(folder)
        if found is not None:
            if is_whole(folder, found):
                say("already running")
                return found.env
            say("found parts of an earlier run; stopping them first")
            take_down(folder, say)
        state.create(folder)
        try:
            return _start(folder, say)
        except BaseException:
            say("stopping what was started")
            take_down(folder, say)
            raise


def _start(folder: Path, say: Say) -> dict[str, str]:
    now = state.State()
    _choose_engine(folder, now, say)
    state.write(folder, now)
    store = docker_registry.start(folder)
    now.registry = store.address
    state.write(folder, now)
    say(f"registry: {store.address}")
    # It loads while the images are looked at.
    server = _launch_server(folder, now, store)
    image_env = _images(now, say)
    now.env = _await_server(server, now) | image_env
    if now.engine == "process":
        auth = RegistryAuth(USERNAME, store.password_file.read_text())
        now.env |= stand_ins.push(now.env, now.ecr, auth)
    state.write(folder, now)
    say(f"server: {now.env['AWS_ENDPOINT_URL']}")
    return now.env


def _choose_engine(folder: Path, now: state.State, say: Say) -> None:
    now.docker_host = _running_engine()
    why_not = dockerd.missing()
    if now.docker_host:
        now.engine, now.engine_note = "docker", f"the engine at {now.docker_host}"
    elif why_not is None:
        try:
            slot = dockerd.start(cache_dir() / "docker", folder)
            now.engine, now.engine_note, now.docker_host = "docker", f"an engine of its own in {slot.path}", slot.host
        except processes.ProcessFailed as error:
            why_not = str(error)
    if why_not is not None and not now.docker_host:
        now.engine, now.engine_note = "process", f"no Docker engine answers, and {why_not}"
    say(f"engine: {now.engine} ({now.engine_note})")


def _running_engine() -> str:
    """The address of the Docker engine that the user's docker command talks to; empty when none answers."""
    try:
        context = docker_cli.call(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], timeout=10)
        host = context.stdout.strip()
        if not host or dockerd.is_private(host):
            return ""
        return host if docker_cli.call(["version"], host=host, timeout=10).returncode == 0 else ""
    except docker_cli.DockerError:
        return ""


def _images(now: state.State, say: Say) -> dict[str, str]:
    if now.engine != "docker":
        return {}
    base = base_image.ensure(now.docker_host, cache_dir(), say)
    instant = images.build_instant(now.docker_host, base)
    say(f"base image: {base}")
    return {"DOCKER_HOST": now.docker_host, "WHISPER_BASE_IMAGE": base, "WHISPER_INSTANT_IMAGE": instant}


def _launch_server(folder: Path, now: state.State, store: docker_registry.Registry) -> processes.Process:
    argv: list[str | Path] = [sys.executable, "-m", "local.server", "--port", "0", "--state", folder]
    argv += ["--registry", store.address, "--registry-password-file", store.password_file, "--engine", now.engine]
    # The caller's own AWS settings are for another AWS.
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    if now.docker_host:
        env["DOCKER_HOST"] = now.docker_host
    return processes.start(folder, "server", argv, env=env, cwd=REPOSITORY_ROOT)


def _await_server(server: processes.Process, now: state.State) -> dict[str, str]:
    """The environment of its clients, once it is ready."""
    ready_file = server.directory / "server.json"
    processes.wait_until(ready_file.exists, server, "ready", SERVER_READY_SECONDS)
    ready = json.loads(ready_file.read_text())
    now.ecr = ready["registry"]
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ready['port']}",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16)),
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        "AWS_EC2_METADATA_DISABLED": "true",
        "WHISPER_ENGINE": now.engine,
        "WHISPER_EXECUTION_ROLE_ARN": ready["role"],
    }
