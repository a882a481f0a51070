"""`script/aws up|down|status`: what it prints, that two don't collide, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from local import processes
from local.engine import dockerd
from local.engine.docker import DockerEngine
from local.paths import REPOSITORY_ROOT
from local.tests.up_rig import (
    exported,
    free_port,
    http_status,
    need_docker,
    processes_with,
    running,
    script_aws,
    wait_for,
)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a state, 'quoted'"
    yield folder
    script_aws("down", folder)


def assert_nothing_left(state: Path, slot: dockerd.Slot | None) -> None:
    assert not state.exists()
    assert processes_with(str(state)) == []
    if slot is not None:
        assert (slot.path / "owner").read_text() != str(state) or slot.engine() is None


def test_up_exports_an_aws_that_answers_and_down_takes_it_away(state: Path) -> None:
    first = script_aws("up", state)
    assert first.returncode == 0, first.stderr
    env = exported(first.stdout)
    slot = dockerd.claimed(state)

    sts = boto3.client(
        "sts",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name=env["AWS_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )
    assert sts.get_caller_identity()["Account"] == "123456789012"
    assert env["WHISPER_EXECUTION_ROLE_ARN"].startswith("arn:aws:iam::123456789012:role/")
    assert state.stat().st_mode & 0o077 == 0, "others can read the state's passwords"

    assert script_aws("up", state).stdout == first.stdout, "a second up must not start anything anew"
    status = script_aws("status", state, "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["running"]
    assert {part["name"]: part["running"] for part in json.loads(status.stdout)["parts"]} == {
        "engine": True,
        "registry": True,
        "server": True,
    }

    assert script_aws("down", state).returncode == 0
    assert_nothing_left(state, slot)
    assert script_aws("down", state).returncode == 0
    assert script_aws("status", state).returncode == 3


def test_two_at_once_are_two(tmp_path: Path) -> None:
    states = [tmp_path / "one", tmp_path / "two"]
    try:
        with ThreadPoolExecutor() as pool:
            ups = list(pool.map(lambda folder: script_aws("up", folder), states))
        assert [up.returncode for up in ups] == [0, 0], ups[0].stderr + ups[1].stderr
        one, two = (exported(up.stdout) for up in ups)
        assert one["AWS_ENDPOINT_URL"] != two["AWS_ENDPOINT_URL"]
        script_aws("down", states[0])
        assert script_aws("status", states[1]).returncode == 0, "one's down stopped the other"
    finally:
        for folder in states:
            script_aws("down", folder)


# Each file appears at another moment of `up`: the engine is starting, the registry runs, the server is starting.
@pytest.mark.parametrize("moment", ["docker-slot", "registry.pid", "server.pid"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_leaves_nothing(state: Path, moment: str, signum: signal.Signals) -> None:
    if moment == "docker-slot" and dockerd.missing() is not None:
        pytest.skip(f"no private engine is started here: {dockerd.missing()}")
    argv = [str(REPOSITORY_ROOT / "script" / "aws"), "up", "--state", str(state)]
    up = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for(lambda: (state / moment).exists() or up.poll() is not None, f"at {moment}")
    slot = dockerd.claimed(state)

    os.killpg(up.pid, signum)

    output, progress = up.communicate(timeout=120)
    assert (up.returncode, output) == (130, ""), progress
    assert_nothing_left(state, slot)


def test_a_part_that_died_is_replaced(state: Path) -> None:
    before = exported(script_aws("up", state).stdout)
    server = processes.find(state, "server")
    assert server is not None
    shared = json.dumps({"account": "763104351884", "repository": "shared"}).encode()
    with urllib.request.urlopen(f"{before['AWS_ENDPOINT_URL']}/_local/registry", data=shared, timeout=30):
        assert processes_with(str(state / "registries")) != []
    os.killpg(server.pid, signal.SIGKILL)
    assert script_aws("status", state).returncode == 3

    after = exported(script_aws("up", state).stdout)

    assert after["AWS_ENDPOINT_URL"] != before["AWS_ENDPOINT_URL"]
    assert processes_with(str(state / "registries")) == [], "another account's registry outlived its server"
    assert script_aws("status", state).returncode == 0


def test_down_ends_containers_that_outlived_their_engine(state: Path) -> None:
    env = exported(script_aws("up", state).stdout)
    need_docker(env)
    slot = dockerd.claimed(state)
    engine = slot.engine() if slot is not None else None
    if slot is None or engine is None:
        pytest.skip("the engine here is the machine's own, which a test must not kill")
    port = free_port()
    DockerEngine(state, slot.host).run(env["WHISPER_INSTANT_IMAGE"], {}, None, port)
    url = f"http://127.0.0.1:{port}/ping"
    wait_for(lambda: http_status(url)[0] == 200, "healthy")
    os.kill(engine.pid, signal.SIGKILL)
    wait_for(lambda: not engine.alive(), "killed")

    assert script_aws("down", state).returncode == 0

    assert http_status(url)[0] == 0, "the container still answers"
    assert_nothing_left(state, slot)


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    up = script_aws("up", tmp_path)
    assert up.returncode == 1
    assert str(tmp_path) in up.stderr
    script_aws("down", tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_another_ups_private_engine_is_not_taken_for_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "one") as env:
        need_docker(env)
        if not dockerd.is_private(env["DOCKER_HOST"]):
            pytest.skip("the engine here is the machine's own, which all share")
        # As after `eval "$(script/aws up)"` in the same shell.
        monkeypatch.setenv("DOCKER_HOST", env["DOCKER_HOST"])
        with running(tmp_path / "two") as other:
            assert other["DOCKER_HOST"] != env["DOCKER_HOST"]


def test_an_engine_whose_state_folder_was_deleted_is_ended_and_its_slot_taken(tmp_path: Path) -> None:
    if (why := dockerd.missing()) is not None:
        pytest.skip(f"no private engine can run here: {why}")
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    slot = dockerd.start(tmp_path / "pool", first)
    orphan = slot.engine()
    assert orphan is not None
    (first / dockerd.SLOT_FILE).unlink()
    try:
        assert dockerd.start(tmp_path / "pool", second) == slot
        assert not orphan.alive()
    finally:
        dockerd.stop(second)
    assert slot.engine() is None


def test_an_engine_whose_cache_was_deleted_is_ended(tmp_path: Path) -> None:
    if (why := dockerd.missing()) is not None:
        pytest.skip(f"no private engine can run here: {why}")
    state = tmp_path / "state"
    state.mkdir()
    slot = dockerd.start(tmp_path / "pool", state)
    engine = slot.engine()
    assert engine is not None
    for record in ("owner", "dockerd.pid"):
        (slot.path / record).unlink()
    dockerd.stop(state)
    assert not engine.alive()
    assert processes_with(str(slot.run_dir)) == []
