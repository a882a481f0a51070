"""Nothing that is started here may outlive `down`, and nothing else may be hit by it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from local import processes
from local.tests.up_rig import wait_for

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
FAMILY = """
import subprocess, sys, signal
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
signal.pause()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_later_command_finds_and_stops_it_with_its_children(tmp_path: Path) -> None:
    processes.start(tmp_path, "family", [sys.executable, "-c", FAMILY])
    found = processes.find(tmp_path, "family")
    assert found is not None
    wait_for(lambda: found.log.read_text().strip() != "", "started")
    child = int(found.log.read_text())

    assert processes.stop(tmp_path, "family")

    wait_for(lambda: gone(child), "stopped, the child")
    assert gone(found.pid)
    assert processes.find_all(tmp_path) == []
    assert not processes.stop(tmp_path, "family")


def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    stubborn = processes.start(tmp_path, "stubborn", [sys.executable, "-c", STUBBORN])
    wait_for(lambda: "ready" in stubborn.log.read_text(), "started")
    stubborn.stop(timeout=0.2)
    assert gone(stubborn.pid)


def test_a_pid_that_somebody_else_has_now_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        (tmp_path / "server.pid").write_text(json.dumps({"pid": bystander.pid, "started": 1}))
        assert processes.find(tmp_path, "server") is None
        assert not processes.stop(tmp_path, "server")
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_an_early_end_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = processes.start(tmp_path, "broken", [sys.executable, "-c", "raise SystemExit('no disk left')"])
    with pytest.raises(processes.ProcessFailed, match=r"ended before it was ready.*\n.*no disk left"):
        processes.wait_until(lambda: False, process, "ready")


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(processes.ProcessFailed, match="no-such-program"):
        processes.start(tmp_path, "absent", ["no-such-program"])
    assert processes.find_all(tmp_path) == []


def test_a_signal_during_the_start_leaves_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def interrupted(*args: object, **kwargs: object) -> object:
        child = popen(*args, **kwargs)  # type: ignore[call-overload]
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        return child

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        processes.start(tmp_path, "server", SLEEP)
    assert processes.stop(tmp_path, "server"), "the process ran without a record"


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def enter() -> None:
        nonlocal inside, most
        with processes.locked(tmp_path / "lock"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.02)
            inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
