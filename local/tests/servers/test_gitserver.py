"""The git remote: a clone, a push, a refused push, and an end without traces."""

from __future__ import annotations

import subprocess
from pathlib import Path

from local.tests.servers.node_rig import serving
from local.tests.up_rig import processes_with


def git(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *args], cwd=folder, capture_output=True, text=True, timeout=60)


def commit(folder: Path, name: str) -> None:
    (folder / name).write_text(name)
    assert git(folder, "add", name).returncode == 0
    assert git(folder, "commit", "-qm", f"add {name}").returncode == 0


def test_it_takes_pushes_and_refuses_those_that_are_behind(tmp_path: Path) -> None:
    served = tmp_path / "served"
    with serving("gitserver", "--dir", str(served)) as [url]:
        assert url.startswith("git://127.0.0.1:")
        one, two = tmp_path / "one", tmp_path / "two"
        for clone in (one, two):
            assert git(tmp_path, "clone", "-q", url, str(clone)).returncode == 0
        commit(one, "first")
        assert git(one, "push", "-q", "origin", "HEAD").returncode == 0
        assert git(served / "remote.git", "log", "--format=%s", "main").stdout == "add first\n"
        commit(two, "second")
        refused = git(two, "push", "-q", "origin", "HEAD")
        assert refused.returncode != 0
        assert "rejected" in refused.stderr
    assert processes_with(str(served)) == []


def test_a_repository_that_is_there_is_served_again(tmp_path: Path) -> None:
    with serving("gitserver", "--dir", str(tmp_path)) as [url]:
        assert git(tmp_path, "clone", "-q", url, "clone").returncode == 0
        commit(tmp_path / "clone", "kept")
        assert git(tmp_path / "clone", "push", "-q", "origin", "HEAD").returncode == 0
    with serving("gitserver", "--dir", str(tmp_path)) as [url]:
        assert "refs/heads/main" in git(tmp_path, "ls-remote", url).stdout
