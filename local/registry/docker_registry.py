"""The registry behind the local ECR: Debian's docker-registry on the loopback address, closed without a login."""

from __future__ import annotations

import http.client
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from local import processes
from local.registry.login import USERNAME

NAME = "registry"
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


def _config(state: Path) -> dict[str, object]:
    """docker-registry's configuration file (it is YAML, of which JSON is a part)."""
    return {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(state / "registry")}, "delete": {"enabled": True}},
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
