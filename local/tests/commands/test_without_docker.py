"""`up` on a machine on which no Docker engine can run: it says so, and everything else works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from local.engine.base import PullError
from local.engine.open import open_engine
from local.paths import REPOSITORY_ROOT
from local.registry.docker_registry import PASSWORD_FILE
from local.registry.login import USERNAME, RegistryAuth
from local.registry.oci import Reference
from local.tests.up_rig import exported, free_port, http_status, processes_with, wait_for


@dataclass
class Machine:
    state: Path
    path: Path
    """The only folder on PATH."""

    def local(self, command: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "local", command, "--state", str(self.state)]
        env = {**os.environ, "PATH": str(self.path), "DOCKER_HOST": "unix:///nonexistent/docker.sock"}
        return subprocess.run(argv, cwd=REPOSITORY_ROOT, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    path = tmp_path / "bin"
    path.mkdir()
    for program in ("bash", "docker-registry", "git", "python3"):
        found = shutil.which(program)
        assert found is not None
        (path / program).symlink_to(found)
    bare = Machine(tmp_path / "state", path)
    yield bare
    bare.local("down")


def test_it_says_why_and_serves_stand_ins_by_digest(machine: Machine) -> None:
    up = machine.local("up")
    assert up.returncode == 0, up.stderr
    assert "engine: process (no Docker engine answers, and " in up.stderr
    env = exported(up.stdout)
    assert env["WHISPER_ENGINE"] == "process"
    assert not {"DOCKER_HOST", "WHISPER_BASE_IMAGE"} & set(env)

    ecr = boto3.client(
        "ecr",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name=env["AWS_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )
    engine = open_engine("process", machine.state)
    auth = RegistryAuth(USERNAME, (machine.state / PASSWORD_FILE).read_text())
    for variable in ("WHISPER_IMAGE_URI", "WHISPER_INSTANT_IMAGE"):
        image = Reference.parse(env[variable])
        described = ecr.describe_images(repositoryName=image.repository, imageIds=[{"imageDigest": image.version}])
        assert described["imageDetails"][0]["imageTags"] == ["local"]
        engine.pull(env[variable], auth)
        with pytest.raises(PullError):
            engine.pull(env[variable], RegistryAuth(USERNAME, "wrong"))

    instance = engine.run(env["WHISPER_INSTANT_IMAGE"], {}, None, free_port())
    wait_for(lambda: http_status(f"{instance.url}/ping")[0] == 200, "healthy")
    assert machine.local("status").returncode == 0
    assert machine.local("down").returncode == 0
    assert http_status(f"{instance.url}/ping")[0] == 0
    assert processes_with(str(machine.state)) == []


def test_without_a_registry_up_fails_and_names_it(machine: Machine) -> None:
    (machine.path / "docker-registry").unlink()
    up = machine.local("up")
    assert (up.returncode, up.stdout) == (1, "")
    assert "docker-registry" in up.stderr
    assert not machine.state.exists()
