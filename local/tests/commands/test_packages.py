"""script/lib/packages.sh: what is missing is installed by root on Debian, and named to everyone else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from local.paths import REPOSITORY_ROOT

# apt-get of this machine must not run: a function takes its place and says what it was asked. The first install fails
# where LISTS is "old", as on a machine that has never fetched its package lists.
SCRIPT = """
source "$1/script/lib/packages.sh"
apt-get() {
  echo "apt-get $*"
  if [[ " $* " == *" update "* ]]; then LISTS=new; fi
  [[ " $* " != *" install "* || $LISTS == new ]]
}
shift
need_packages "$@"
"""


def need(*packages: str, lists: str = "new", path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[str]:
    argv = ["bash", "-c", SCRIPT, "bash", str(REPOSITORY_ROOT), *packages]
    return subprocess.run(argv, env={"PATH": path, "LISTS": lists}, capture_output=True, text=True, timeout=60)


def test_what_is_there_needs_nothing(tmp_path: Path) -> None:
    program = tmp_path / "our-tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    done = need("bash=bash", "no-such-package=our-tool", path=f"/usr/bin:/bin:{tmp_path}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_root_installs_what_is_missing_and_says_so() -> None:
    _root_on_debian()
    done = need("bash=bash", "one=no-such-command", "no-such-package")
    assert done.returncode == 0
    assert "installing system packages: one no-such-package" in done.stderr
    [installs] = [line for line in done.stderr.splitlines() if line.startswith("apt-get")]
    assert " install one no-such-package" in installs


def test_the_package_lists_are_fetched_only_when_needed() -> None:
    _root_on_debian()
    done = need("one=no-such-command", lists="old")
    assert done.returncode == 0
    verbs = [line for line in done.stderr.splitlines() if line.startswith("apt-get")]
    assert ["install" in verb for verb in verbs] == [True, False, True]


def test_others_are_told() -> None:
    script = SCRIPT.replace("apt-get() {", 'command() { [[ $2 != apt-get ]] && builtin command "$@"; }\napt-get() {')
    argv = ["bash", "-c", script, "bash", str(REPOSITORY_ROOT), "one=no-such-command", "bash=bash"]
    done = subprocess.run(argv, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "missing: one " in done.stderr
    assert "apt-get install one" in done.stderr
    assert "installing" not in done.stderr


def _root_on_debian() -> None:
    asked = subprocess.run(["bash", "-c", "((EUID == 0)) && command -v apt-get"], capture_output=True)
    if asked.returncode != 0:
        pytest.skip("only root on Debian or Ubuntu installs packages")
