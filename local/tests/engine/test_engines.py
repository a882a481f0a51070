"""Instances on a real Docker engine and as processes: what the local SageMaker builds on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes
from local.engine import docker_cli, images
from local.engine.base import Engine, EngineError, Instance, PullError
from local.engine.docker import DockerEngine
from local.engine.open import open_engine
from local.registry import docker_registry
from local.registry.login import USERNAME, RegistryAuth
from local.tests.up_rig import free_port, http_status, need_docker, running, wait_for

STAND_IN = "registry.test/whisper/instant:1"


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running(tmp_path_factory.mktemp("engines") / "aws") as env:
        yield env


@pytest.fixture(scope="module")
def docker(local_aws: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    need_docker(local_aws)
    engine = DockerEngine(tmp_path_factory.mktemp("docker"), local_aws["DOCKER_HOST"])
    yield engine
    engine.stop_all()


@pytest.fixture(params=["docker", "process"])
def started(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    """An engine, and the reference of its instant image."""
    if request.param == "docker":
        yield request.getfixturevalue("docker"), request.getfixturevalue("local_aws")["WHISPER_INSTANT_IMAGE"]
    else:
        engine = open_engine("process", tmp_path)
        yield engine, STAND_IN
        engine.stop_all()


def healthy(instance: Instance) -> Instance:
    wait_for(lambda: http_status(f"{instance.url}/ping")[0] == 200, f"healthy:\n{instance.logs()}")
    return instance


def test_an_instance_serves_logs_and_stops(started: tuple[Engine, str]) -> None:
    engine, image = started
    instance = healthy(engine.run(image, {"WHISPER_MODEL": "base, 'quoted'"}, None, free_port()))
    assert instance.alive()
    assert instance.exit_code() is None
    status, body = http_status(f"{instance.url}/invocations", b"audio", Content_Type="audio/mpeg")
    assert status == 200
    assert b"base, 'quoted'" in body
    assert "POST /invocations" in instance.logs()

    instance.stop(timeout=10)

    assert not instance.alive()
    assert http_status(f"{instance.url}/ping")[0] == 0
    instance.stop(timeout=10)


def test_a_crash_is_seen_with_its_code_and_log(started: tuple[Engine, str]) -> None:
    engine, image = started
    instance = engine.run(image, {"INSTANT_MODE": "crash-at-start"}, None, free_port())
    wait_for(lambda: not instance.alive(), "ended")
    assert instance.exit_code() == 1
    assert "INSTANT_MODE is crash-at-start" in instance.logs()
    instance.stop()


def test_stop_all_ends_what_another_server_process_started(started: tuple[Engine, str]) -> None:
    engine, image = started
    instances = [healthy(engine.run(image, {}, None, free_port())) for _ in range(2)]
    engine.stop_all()
    assert [http_status(f"{instance.url}/ping")[0] for instance in instances] == [0, 0]


def test_weights_are_mounted_read_only(docker: DockerEngine, local_aws: dict[str, str], tmp_path: Path) -> None:
    weights = tmp_path / 'weights, "v1"'
    weights.mkdir()
    (weights / "model.bin").write_text("weights")
    instance = docker.run(local_aws["WHISPER_INSTANT_IMAGE"], {}, weights, free_port())
    script = "cat /opt/ml/model/model.bin; touch /opt/ml/model/x"
    shown = docker_cli.call(["exec", instance.id, "sh", "-c", script], host=local_aws["DOCKER_HOST"])
    instance.stop(timeout=5)
    assert shown.stdout == "weights"
    assert "Read-only file system" in shown.stderr


def test_an_image_that_was_not_pulled_is_not_run(docker: DockerEngine) -> None:
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:1/absent:1 could not be started"):
        docker.run("127.0.0.1:1/absent:1", {}, None, free_port())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[docker_registry.Registry]:
    yield docker_registry.start(tmp_path)
    processes.stop(tmp_path, docker_registry.NAME)


def push(env: dict[str, str], image: str, config: Path) -> subprocess.CompletedProcess[str]:
    docker_cli.check(["tag", env["WHISPER_INSTANT_IMAGE"], image], host=env["DOCKER_HOST"])
    return docker_cli.call(["push", image], host=env["DOCKER_HOST"], config=config)


def login(env: dict[str, str], address: str, password: str, config: Path) -> int:
    argv = ["docker", "--config", str(config), "login", "--username", USERNAME, "--password-stdin", address]
    done = subprocess.run(argv, input=password, capture_output=True, text=True, env={**env, "PATH": "/usr/bin:/bin"})
    return done.returncode


def test_only_a_login_opens_the_registry(
    docker: DockerEngine, local_aws: dict[str, str], store: docker_registry.Registry, tmp_path: Path
) -> None:
    image = f"{store.address}/team/app:v1"
    config = tmp_path / "docker-config"
    refused = push(local_aws, image, config)
    assert refused.returncode != 0
    assert "no basic auth credentials" in refused.stderr
    assert login(local_aws, store.address, "wrong", config) != 0
    password = store.password_file.read_text()
    assert login(local_aws, store.address, password, config) == 0
    assert push(local_aws, image, config).returncode == 0

    host = local_aws["DOCKER_HOST"]
    docker_cli.check(["image", "rm", image], host=host)
    for wrong in (RegistryAuth("AWS", "wrong"), RegistryAuth("root", password)):
        with pytest.raises(PullError, match="team/app:v1 could not be pulled"):
            docker.pull(image, wrong)
    docker.pull(image, RegistryAuth(USERNAME, password))
    healthy(docker.run(image, {}, None, free_port())).stop(timeout=5)
    with pytest.raises(PullError):
        docker.pull(f"{store.address}/team/app:v2", RegistryAuth(USERNAME, password))

    stand_in = open_engine("process", tmp_path)
    stand_in.pull(image, RegistryAuth(USERNAME, password))
    with pytest.raises(PullError, match="401"):
        stand_in.pull(image, RegistryAuth(USERNAME, "wrong"))
    with pytest.raises(PullError, match="404"):
        stand_in.pull(f"{store.address}/team/app:v2", RegistryAuth(USERNAME, password))
    images.forget_registry(host, store.address, keep=False)
    assert store.address not in docker_cli.check(["image", "ls"], host=host)


def test_an_engines_disk_does_not_grow_from_run_to_run(local_aws: dict[str, str]) -> None:
    need_docker(local_aws)
    host, base = local_aws["DOCKER_HOST"], local_aws["WHISPER_BASE_IMAGE"]
    for number in range(images.KEPT_IMAGES + 2):
        built = images.build_instant(host, base, variant=f"growth-{number}")
        docker_cli.check(["tag", built, f"127.0.0.1:1/app:{number}"], host=host)
        docker_cli.check(["image", "rm", built], host=host)
        images.forget_registry(host, "127.0.0.1:1", keep=True)
    images.drop_old(host)
    listed = docker_cli.check(["image", "ls", "--format", "{{.Repository}}"], host=host).splitlines()
    assert listed.count(images.KEPT) == images.KEPT_IMAGES
    assert "127.0.0.1:1/app" not in listed
    assert docker_cli.check(["image", "ls", "--quiet", "--filter", "dangling=true"], host=host) == ""


def test_variants_of_the_instant_image_have_digests_of_their_own(local_aws: dict[str, str]) -> None:
    need_docker(local_aws)
    host, base = local_aws["DOCKER_HOST"], local_aws["WHISPER_BASE_IMAGE"]
    one, two = (images.build_instant(host, base, variant) for variant in ("a", "b"))
    ids = [docker_cli.check(["image", "inspect", "--format", "{{.Id}}", image], host=host) for image in (one, two)]
    assert ids[0] != ids[1]
    assert images.build_instant(host, base, "a") == one
