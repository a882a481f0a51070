"""`python -m local.gitserver --dir DIR`: a bare repository behind `git daemon` on the loopback address, open to pushes.

Prints its URL when it answers and runs until SIGTERM. DIR/remote.git is the repository, as its owner sees it.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

REPOSITORY = "remote.git"
READY_SECONDS = 20
ATTEMPTS = 5


class GitServerError(Exception):
    """git daemon did not start; the text has what it said."""


def make_repository(directory: Path) -> Path:
    """A bare repository whose default branch is main; an existing one is left as it is."""
    repository = directory / REPOSITORY
    if not repository.exists():
        git = ["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(repository)]
        subprocess.run(git, check=True, stdin=subprocess.DEVNULL)
    return repository


def start_daemon(directory: Path) -> tuple[subprocess.Popen[bytes], str]:
    """git daemon and the repository's URL. git takes no port 0, so a port that was taken meanwhile is tried anew."""
    for _ in range(ATTEMPTS):
        port = _free_port()
        argv = ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", f"--base-path={directory}"]
        argv += ["--export-all", "--enable=receive-pack", str(directory)]
        # git daemon is a child of `git`, and each connection gets a child too: one group, ended as one.
        daemon = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)
        url = f"git://127.0.0.1:{port}/{REPOSITORY}"
        if _answers(daemon, url):
            return daemon, url
        end(daemon)
    raise GitServerError(f"git daemon did not answer, {ATTEMPTS} times; its output is above")


def end(daemon: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(daemon.pid, signal.SIGTERM)
        daemon.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()
    except ProcessLookupError:
        daemon.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(daemon: subprocess.Popen[bytes], url: str) -> bool:
    """Whether it serves our repository before it ends or the time is over (another server may hold the port)."""
    give_up = time.monotonic() + READY_SECONDS
    while daemon.poll() is None and time.monotonic() < give_up:
        listed = subprocess.run(["git", "ls-remote", url], stdin=subprocess.DEVNULL, capture_output=True)
        if listed.returncode == 0:
            return True
        time.sleep(0.05)
    return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.gitserver", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    directory = parser.parse_args().dir.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    stopped = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopped.set())
    make_repository(directory)
    daemon, url = start_daemon(directory)
    try:
        print(url, flush=True)
        while not stopped.wait(0.5):
            if daemon.poll() is not None:
                print(f"git daemon ended with status {daemon.returncode}", file=sys.stderr)
                return 1
    finally:
        end(daemon)
    return 0


if __name__ == "__main__":
    sys.exit(main())
