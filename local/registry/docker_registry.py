"""The registry behind the local ECR: Debian's docker-registry on the loopback address, closed without a login."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from local import processes
from local.paths import cache_dir
from local.registry.login import USERNAME

NAME = "registry"
OTHERS = "registries"
"""Folder in the state folder with a folder for the registry of each other account."""
STORE = "registry"
ADDRESS_FILE = "address"
"""In such a folder: the address that its images carry."""
PASSWORD_FILE = "registry-password"  # noqa: S105 (a file's name)
READY_SECONDS = 30


@dataclass(frozen=True)
class Registry:
    address: str
    """HOST:PORT, the first part of its image URIs."""
    password_file: Path


def start(state: Path) -> Registry:
    """Starts it with an empty store of its own and a new password. Raises processes.ProcessFailed."""
    password = secrets.token_urlsafe(32)
    password_file = state / PASSWORD_FILE
    _write_secret(password_file, password)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode()
    _write_secret(state / "registry-htpasswd", f"{USERNAME}:{hashed}\n")
    config = state / "registry.json"
    _write_secret(config, json.dumps(_config(state)))
    process = processes.start(state, NAME, ["docker-registry", "serve", config])
    processes.wait_until(lambda: _port(process) is not None, process, "listening", READY_SECONDS)
    address = f"127.0.0.1:{_port(process)}"
    processes.wait_until(lambda: _asks_for_login(address), process, "asking for a login", READY_SECONDS)
    return Registry(address, password_file)


def start_other(state: Path, account: str, kept: str | None) -> Registry:
    """Starts the registry of another account, in a folder of its own. Raises processes.ProcessFailed.

    It holds what `keep` put away under the name `kept`, if that is there; else it is empty.
    """
    folder = state / OTHERS / account
    folder.mkdir(parents=True, exist_ok=True)
    if kept is not None and _kept(kept).exists():
        shutil.copytree(_kept(kept), folder / STORE)
    return start(folder)


def keep(state: Path, account: str, name: str) -> None:
    """Puts a copy of another account's images into the cache, so that a later run need not make and push them."""
    kept = _kept(name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=kept.parent))
    shutil.copytree(state / OTHERS / account / STORE, draft, dirs_exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    draft.rename(kept)


def _kept(name: str) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise ValueError(f"{name!r} is not a name of letters, digits and hyphens")
    return cache_dir() / OTHERS / name


def note_address(state: Path, account: str, host: str) -> None:
    """Keeps the address that another account's images carry, so that `down` can remove them from the engine."""
    (state / OTHERS / account / ADDRESS_FILE).write_text(host)


def noted_addresses(state: Path) -> list[str]:
    """The addresses of all other accounts."""
    return [path.read_text() for path in (state / OTHERS).glob(f"*/{ADDRESS_FILE}")]


def stop_others(state: Path) -> None:
    """Harmless when there are none."""
    for folder in (state / OTHERS).glob("*"):
        processes.stop(folder, NAME)


def _config(state: Path) -> dict[str, object]:
    """docker-registry's configuration file (it is YAML, of which JSON is a part)."""
    return {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(state / STORE)}, "delete": {"enabled": True}},
        # Port 0: the kernel chooses, so two registries never reach for the same port.
        "http": {"addr": "127.0.0.1:0", "secret": secrets.token_hex(16)},
        "auth": {"htpasswd": {"realm": "local ECR", "path": str(state / "registry-htpasswd")}},
    }


def _port(process: processes.Process) -> int | None:
    found = re.search(r"listening on 127\.0\.0\.1:(\d+)", process.log.read_text(errors="replace"))
    return int(found[1]) if found else None


def _asks_for_login(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 401
    except OSError:
        return False
    finally:
        connection.close()


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
