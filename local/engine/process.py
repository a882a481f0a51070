"""Instances as plain processes, where no Docker engine can run: the container's own code without its image.

What differs from real ones: no file system, user or library of their own, so the image's contents are not tested.
"""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local import processes
from local.engine.base import Engine, EngineError, Instance, PullError
from local.paths import CONTAINER_FOLDER, INSTANT_FOLDER, REPOSITORY_ROOT
from local.registry.login import RegistryAuth
from local.registry.oci import Reference, manifest_status

REQUIREMENTS = CONTAINER_FOLDER / "requirements" / "cpu.txt"
VENV_SECONDS = 900


class ProcessInstance(Instance):
    def __init__(self, process: processes.Process, folder: Path, port: int) -> None:
        self.id = process.name
        self.port = port
        self._process = process
        self._folder = folder

    def alive(self) -> bool:
        return self._process.alive()

    def exit_code(self) -> int | None:
        child = self._process.child
        code = child.poll() if child is not None else None
        return 128 - code if code is not None and code < 0 else code

    def logs(self, lines: int = 200) -> str:
        try:
            text = self._process.log.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "".join(text.splitlines(keepends=True)[-lines:])

    def stop(self, timeout: float = 30.0) -> None:
        self._process.stop(timeout)
        shutil.rmtree(self._folder, ignore_errors=True)


class ProcessEngine(Engine):
    kind = "process"

    def __init__(self, state: Path) -> None:
        self._instances = state.resolve() / "instances"

    def pull(self, image_uri: str, auth: RegistryAuth) -> None:
        try:
            status = manifest_status(Reference.parse(image_uri), auth)
        except (OSError, http.client.HTTPException) as error:
            raise PullError(f"{image_uri}: the registry does not answer: {error}") from error
        if status != 200:
            raise PullError(f"{image_uri} could not be pulled: the registry answered {status}")

    def run(self, image_uri: str, env: Mapping[str, str], model_dir: Path | None, port: int) -> Instance:
        name = secrets.token_hex(6)
        folder = self._instances / name
        # SAGEMAKER_BASE_DIR is what /opt/ml is in a container (AWS's inference toolkit).
        (folder / "ml").mkdir(parents=True)
        if model_dir is not None:
            (folder / "ml" / "model").symlink_to(model_dir.resolve())
        settings = {
            "PATH": os.environ.get("PATH", ""),
            **env,
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "SAGEMAKER_BASE_DIR": str(folder / "ml"),
        }
        # Where the instant server finds the container's code; its image has it beside the server.
        settings["PYTHONPATH"] = str(CONTAINER_FOLDER)
        program, cwd = _program(image_uri)
        try:
            process = processes.start(folder, name, [*program, "serve"], env=settings, cwd=cwd)
        except processes.ProcessFailed as error:
            raise EngineError(f"{image_uri} could not be started: {error}") from error
        return ProcessInstance(process, folder, port)

    def stop_all(self) -> None:
        for folder in self._instances.glob("*"):
            for process in processes.find_all(folder):
                process.stop(timeout=5)
        shutil.rmtree(self._instances, ignore_errors=True)


def _program(image_uri: str) -> tuple[list[str | Path], Path]:
    """The stand-in for an image, by its repository's name: `.../instant` is local/instant/, all others container/."""
    if Reference.parse(image_uri).repository.endswith("instant"):
        return ["python3", INSTANT_FOLDER / "server.py"], INSTANT_FOLDER
    # The same helper as the scripts use, so both find the same virtual environment.
    script = 'source "$1/script/lib/venv.sh" && venv container-cpu "$2"'
    made = subprocess.run(
        ["bash", "-c", script, "bash", str(REPOSITORY_ROOT), str(REQUIREMENTS)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=VENV_SECONDS,
    )
    if made.returncode != 0:
        raise EngineError(f"the container's virtual environment could not be made: {made.stderr.strip()}")
    return [Path(made.stdout.strip()) / "bin" / "python", CONTAINER_FOLDER / "server.py"], CONTAINER_FOLDER
